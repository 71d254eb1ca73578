// SPDX-License-Identifier: GPL-2.0-only
/* Settings: what is in effect and where it comes from; forms for an administrator. */

import { get, put as send } from "./api.js";
import { clear, fail, h, notice, put, set } from "./dom.js";
import { customerForm, exporterForm, outcome, text } from "./forms.js";

// What the page may set; the agent has the same list, and the last word.
const settable = [/^collector\.(interval|port)$/, /^expire\./];

const nameOf = (setting) => `${setting.section}.${setting.key}`;
const mayChange = (setting) =>
	setting.settable ?? settable.some((one) => one.test(nameOf(setting)));
const origins = { default: "default", file: "file", "drop-in": "set here" };

function valueText(value) {
	return value === "" ? h("span", { class: "help" }, "empty") : h("code", null, value);
}

/** A field that is changed in its place. Its error stands below it. */
function editor(setting, changed) {
	const id = `set-${setting.section}-${setting.key}`;
	const input = text(setting.value, {
		id,
		"aria-describedby": `${id}-error`,
		"aria-label": nameOf(setting),
	});
	const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });
	const status = h("span", { class: "form-status", role: "status" });
	const button = h("button", { type: "submit", class: "small", disabled: true }, "Set");
	const back =
		setting.value !== setting.default &&
		h(
			"button",
			{
				type: "button",
				class: "small",
				title: setting.default || "empty",
				onclick: () => {
					input.value = setting.default;
					input.dispatchEvent(new Event("input"));
					input.focus();
				},
			},
			"Default",
		);

	input.addEventListener("input", () =>
		set(button, "disabled", input.value === setting.value),
	);

	async function submit(event) {
		event.preventDefault();
		put(error, "");
		set(input, "aria-invalid", null);
		set(button, "disabled", true);
		try {
			const answer = await send("settings", {
				changes: [
					{
						section: setting.section,
						key: setting.key,
						value: input.value.trim(),
					},
				],
			});

			put(status, outcome(answer));
			changed();
		} catch (problem) {
			put(error, problem.message);
			set(input, "aria-invalid", "true");
			set(button, "disabled", null);
			input.focus();
		}
	}
	return h(
		"form",
		{ class: "setting-form", onsubmit: submit, novalidate: true },
		input,
		button,
		back || "",
		status,
		error,
	);
}

function row(setting, admin, changed) {
	const origin = h(
		"span",
		{ class: `tag ${setting.origin}` },
		origins[setting.origin] ?? setting.origin,
	);

	return h(
		"div",
		{ class: "setting", id: `setting-${setting.section}-${setting.key}` },
		h(
			"div",
			{ class: "setting-name" },
			h("code", null, setting.key),
			" ",
			origin,
			" ",
			h("span", { class: "tag" }, setting.live ? "at once" : "at restart"),
		),
		h(
			"div",
			{ class: "setting-value" },
			admin && mayChange(setting)
				? editor(setting, () => changed(origin))
				: valueText(setting.value),
			h(
				"p",
				{ class: "help" },
				setting.help,
				setting.origin !== "default" && setting.value !== setting.default
					? ` Default: ${setting.default || "empty"}.`
					: "",
			),
		),
	);
}

function sections(settings, admin, changed) {
	const names = [...new Set(settings.map((setting) => setting.section))];

	return names.map((name) =>
		h(
			"section",
			{ class: "panel", "aria-label": name },
			h("h2", { class: "exact" }, `[${name}]`),
			settings
				.filter((setting) => setting.section === name)
				.map((setting) => row(setting, admin, changed)),
		),
	);
}

function routerLine(exporter, admin, done) {
	const extra = [
		exporter.sampling !== "auto" && `sampling ${exporter.sampling}`,
		exporter.nat === false && "post-NAT addresses are not looked at",
		exporter.repair_wraps && "wrapped counters are repaired",
	]
		.filter(Boolean)
		.join(", ");

	return h(
		"div",
		{ class: "setting" },
		h(
			"div",
			{ class: "setting-name" },
			h("code", null, exporter.name),
			" ",
			h(
				"span",
				{ class: `tag ${exporter.origin}` },
				origins[exporter.origin] ?? exporter.origin,
			),
		),
		h(
			"div",
			{ class: "setting-value" },
			h("code", null, exporter.addresses.join(" ")),
			extra && h("p", { class: "help" }, extra),
			admin &&
				h(
					"details",
					null,
					h("summary", null, "Change"),
					exporterForm(exporter, done),
				),
		),
	);
}

function routers(config, admin, done) {
	return h(
		"section",
		{ class: "panel", "aria-label": "Routers" },
		h("h2", null, "Routers"),
		config.exporters.length
			? config.exporters.map((one) => routerLine(one, admin, done))
			: h("p", { class: "help" }, "None is configured."),
		admin &&
			h(
				"details",
				null,
				h("summary", null, "Add a router"),
				exporterForm(null, done),
			),
	);
}

function pendingNotice(pending) {
	return pending.length
		? notice(
				"warning",
				"Waits for a restart of the agent",
				h("p", null, h("code", null, pending.join(", "))),
				"systemctl restart nfmeter: no count is lost by it.",
			)
		: null;
}

function readOnlyNotice(me) {
	return me.role === "admin"
		? null
		: notice(
				"empty",
				"Nothing can be changed here",
				me.tokens
					? "Your token may read. An administrator's may change settings, routers and " +
							"customers."
					: "Without tokens all may read and none may change. Make one on the " +
							"collector, then sign in with it:",
				!me.tokens &&
					h(
						"p",
						null,
						h("code", null, "nfmeter token add admin NAME"),
					),
			);
}

export function settingsPage(content, { signal, me }) {
	const admin = me.role === "admin" && me.tokens;
	const pending = h("div");
	const list = h("div", { class: "stack" });
	const routerPlace = h("div");
	const origin = h("p", { class: "help" });

	content.append(
		h("h1", null, "Settings"),
		pending,
		readOnlyNotice(me) ?? "",
		origin,
		routerPlace,
	);
	if (admin)
		content.append(
			h(
				"section",
				{ class: "panel" },
				h("h2", null, "Customers"),
				h(
					"p",
					{ class: "help" },
					"To change or remove one, open its page.",
				),
				h(
					"details",
					null,
					h("summary", null, "Add a customer"),
					customerForm(null),
				),
			),
		);
	content.append(list);

	async function load(all) {
		try {
			const config = await get("config", null, signal);

			clear(pending, pendingNotice(config.pending));
			put(
				origin,
				`Of ${config.file}; what is set here is kept in ${config.drop_in}.`,
			);
			if (all !== "settings")
				clear(
					routerPlace,
					routers(config, admin, () => setTimeout(load, 1500)),
				);
			if (all === undefined)
				clear(list, sections(config.settings, admin, changed));
		} catch (error) {
			fail(pending, "The configuration cannot be read", error);
		}
	}

	// The field keeps its place and says what became of it; the rest is read again.
	function changed(tag) {
		put(tag, origins["drop-in"]);
		load("settings");
	}

	load();
}
