// SPDX-License-Identifier: GPL-2.0-only
/* Forms of an administrator. What the collector refuses stands at the field that it names. */

import { put as send, remove } from "./api.js";
import { h, put, set } from "./dom.js";

let ids = 0;

/** A labelled input with room for help and for an error. */
export function field(label, input, help) {
	const id = `field-${++ids}`;
	const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });

	set(input, "id", id);
	set(input, "aria-describedby", `${id}-error${help ? ` ${id}-help` : ""}`);
	return {
		input,
		node: h("div", { class: "field" }, h("label", { for: id }, label), input,
			help && h("p", { class: "help", id: `${id}-help` }, help), error),
		fail(text) {
			put(error, text ?? "");
			set(input, "aria-invalid", text ? "true" : null);
			if (text)
				input.focus();
		},
	};
}

export const text = (value, more) => h("input", { type: "text", spellcheck: "false",
	autocomplete: "off", value: value ?? "", ...more });

/** What was done and what waits, in words. */
export function outcome(answer) {
	const pending = answer.pending ?? [];

	if (pending.length)
		return `Kept; it takes effect when the agent starts again: ${pending.join(", ")}`;
	if (answer.applied === false)
		return "Kept; it holds when the agent starts.";
	if (answer.without_row)
		return `Applied, but ${answer.without_row} customers find no room: raise capacity.`;
	return "Applied.";
}

/**
 * A form of fields {name: field}; action() sends it, and done(answer) hears of it. An error goes to
 * the first field whose words (a RegExp in `words`) it has, else below all.
 */
export function makeForm({ fields, words = {}, label, action, done, more }) {
	const status = h("p", { class: "form-status", role: "status" });
	const trouble = h("p", { class: "field-error", role: "alert" });
	const button = h("button", { type: "submit", class: "primary" }, label);

	function fail(error) {
		const name = Object.keys(fields).find((one) => words[one]?.test(error.message));

		if (name)
			fields[name].fail(error.message);
		else
			put(trouble, error.message);
	}

	async function run(what) {
		put(status, "");
		put(trouble, "");
		for (const one of Object.values(fields))
			one.fail(null);
		set(button, "disabled", true);
		try {
			const answer = await what();

			put(status, outcome(answer));
			await done?.(answer);
		} catch (error) {
			fail(error);
		}
		set(button, "disabled", null);
	}
	return h("form", { class: "form", novalidate: true, onsubmit: (event) => {
		event.preventDefault();
		run(action);
	} }, Object.values(fields).map((one) => one.node), h("div", { class: "form-end" }, button,
		more && more(run), status), trouble);
}

const list = (value) => value.split(/[\s,;]+/).filter(Boolean);

// Asks before something is taken away: the first press asks, the second does it.
function removeButton(label, run, action) {
	const button = h("button", { type: "button", class: "danger", onclick: () => {
		if (button.dataset.sure) {
			run(action);
			return;
		}
		button.dataset.sure = "yes";
		put(button, "Press again to remove");
		setTimeout(() => {
			delete button.dataset.sure;
			put(button, label);
		}, 4000);
	} }, label);

	return button;
}

/** Adds a customer, or changes `row`. */
export function customerForm(row, done) {
	const fields = {
		id: field("Id", text(row?.id, { readonly: Boolean(row) })),
		name: field("Name", text(row?.name)),
		prefixes: field("Prefixes", text(row?.prefixes.join(" ")),
			"IPv4 and IPv6, with blanks between them: 10.20.1.0/24 2001:db8:1::/48"),
	};
	const path = () => `customers/${encodeURIComponent(fields.id.input.value.trim())}`;

	return makeForm({ fields, label: row ? "Change" : "Add customer", done,
		words: { prefixes: /prefix|address|overlap/i, name: /name/i, id: /\bid\b/i },
		action: () => send(path(), { name: fields.name.input.value.trim(),
			prefixes: list(fields.prefixes.input.value) }),
		more: row && ((run) => removeButton("Remove", run, () => remove(path()))) });
}

function exporterFields(row) {
	const check = (value) => h("input", { type: "checkbox", checked: value });

	return {
		name: field("Name", text(row?.name, { readonly: Boolean(row?.origin) })),
		addresses: field("Addresses", text(row?.addresses.join(" ")),
			"Every address that the router sends from, with blanks between them"),
		sampling: field("Sampling", text(row?.sampling ?? "auto"),
			"auto, N, N/M or trust-data"),
		nat: field("Post-NAT addresses decide", check(row?.nat ?? true)),
		repair: field("Repair wrapped 32-bit counters", check(row?.repair_wraps ?? false)),
	};
}

/** Adds a router, or changes `row` of the configuration; only those of the drop-in can go. */
export function exporterForm(row, done) {
	const fields = exporterFields(row);
	const path = () => `exporters/${encodeURIComponent(fields.name.input.value.trim())}`;

	return makeForm({ fields, label: row?.origin ? "Change" : "Add router", done,
		words: { sampling: /sampling/i, addresses: /address/i, name: /name/i },
		action: () => send(path(), { addresses: list(fields.addresses.input.value),
			sampling: fields.sampling.input.value.trim(), nat: fields.nat.input.checked,
			repair_wraps: fields.repair.input.checked }),
		more: row?.origin === "drop-in" && ((run) => removeButton("Remove", run,
			() => remove(path()))) });
}
