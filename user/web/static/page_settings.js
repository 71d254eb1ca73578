// SPDX-License-Identifier: GPL-2.0-only
/* Settings: what is in effect and where it comes from; forms for an administrator. */

import { get, put as send } from "./api.js";
import { clear, fail, h, notice, panel, put, repeat, set, smallButton, swap } from "./dom.js";
import { customerForm, exporterForm, outcome, text } from "./forms.js";

const origins = { default: "default", file: "file", "drop-in": "set here" };
const refresh = 5000; // ms
const reloadDelay = 1500; // ms: the server starts anew after a change

const nameOf = (setting) => `${setting.section}.${setting.key}`;

function tag(origin) {
	return h("span", { class: `tag ${origin}` }, origins[origin] ?? origin);
}

/** A field that is changed in its place. Its error stands below it. */
class Editor {
	constructor(setting, changed) {
		const id = `set-${setting.section}-${setting.key}`;

		this.setting = setting;
		this.changed = changed;
		this.input = text(setting.value, { id, "aria-describedby": `${id}-error`,
			"aria-label": nameOf(setting) });
		this.error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });
		this.status = h("span", { class: "form-status", role: "status" });
		this.button = h("button", { type: "submit", class: "small", disabled: true },
			"Set");
		this.input.addEventListener("input", () => this.touched());
		this.node = h("form", { class: "setting-form", novalidate: true,
			onsubmit: (event) => this.submit(event) }, this.input, this.button,
		setting.value !== setting.default && smallButton("Default", () => this.reset(),
			{ title: setting.default || "empty" }), this.status, this.error);
	}

	touched() {
		set(this.button, "disabled", this.input.value === this.setting.value);
	}

	reset() {
		this.input.value = this.setting.default;
		this.touched();
		this.input.focus();
	}

	say(error) {
		put(this.error, error ?? "");
		set(this.input, "aria-invalid", error ? "true" : null);
		set(this.button, "disabled", !error);
	}

	async submit(event) {
		const { section, key } = this.setting;
		const value = this.input.value.trim();

		event.preventDefault();
		put(this.status, "");
		this.say(null);
		try {
			const changes = [{ section, key, value }];
			const answer = await send("settings", { changes });

			this.setting.value = value;
			put(this.status, outcome(answer));
			this.changed();
		} catch (error) {
			this.say(error.message);
			this.input.focus();
		}
	}
}

function helpText(setting, form) {
	const other = setting.origin !== "default" && setting.value !== setting.default;

	return h("p", { class: "help" }, setting.help, form && ` Write ${setting.form}.`,
		other && ` Default: ${setting.default || "empty"}.`);
}

function settingRow(setting, admin, changed) {
	const origin = tag(setting.origin);
	const value = admin && setting.page ? new Editor(setting, () => {
		origin.replaceWith(tag("drop-in"));
		changed();
	}).node : setting.value === "" ? h("span", { class: "help" }, "empty") :
		h("code", null, setting.value);

	return h("div", { class: "setting", id: `setting-${setting.section}-${setting.key}` },
		h("div", { class: "setting-name" }, h("code", null, setting.key), " ", origin, " ",
			h("span", { class: "tag" }, setting.live ? "at once" : "at restart")),
		h("div", { class: "setting-value" }, value,
			helpText(setting, admin && setting.page)));
}

function sections(settings, admin, changed) {
	return [...new Set(settings.map(({ section }) => section))].map((name) =>
		h("section", { class: "panel", "aria-label": name },
			h("h2", { class: "exact" }, `[${name}]`),
			settings.filter(({ section }) => section === name)
				.map((setting) => settingRow(setting, admin, changed))));
}

function routerRow(exporter, admin, done) {
	const extra = [exporter.sampling !== "auto" && `sampling ${exporter.sampling}`,
		exporter.nat === false && "post-NAT addresses are not looked at",
		exporter.repair_wraps && "wrapped counters are repaired"].filter(Boolean);

	return h("div", { class: "setting" },
		h("div", { class: "setting-name" }, h("code", null, exporter.name), " ",
			tag(exporter.origin)),
		h("div", { class: "setting-value" }, h("code", null, exporter.addresses.join(" ")),
			extra.length > 0 && h("p", { class: "help" }, extra.join(", ")),
			admin && h("details", null, h("summary", null, "Change"),
				exporterForm(exporter, done))));
}

function routers(exporters, admin, done) {
	return panel("Routers", exporters.length ?
		exporters.map((one) => routerRow(one, admin, done)) :
		h("p", { class: "help" }, "None is configured."),
	admin && h("details", null, h("summary", null, "Add a router"),
		exporterForm(null, done)));
}

function pendingNotice(pending) {
	return pending.length ? notice("warning", "Waits for a restart of the agent",
		h("p", null, h("code", null, pending.join(", "))),
		"systemctl restart nfmeter: no count is lost by it.") : null;
}

function readOnlyNotice(me) {
	if (me.tokens)
		return notice("empty", "Nothing can be changed here", "Your token may read. An " +
			"administrator's may change settings, routers and customers.");
	return notice("empty", "Nothing can be changed here", "There are no tokens: who is on " +
		"this machine may read, and nobody change. Make one here, then sign in:",
	h("p", null, h("code", null, "nfmeter token add admin NAME")));
}

class SettingsPage {
	constructor(content, { signal, me }) {
		this.signal = signal;
		this.admin = me.role === "admin" && me.tokens;
		this.pending = h("div");
		this.files = h("p", { class: "help" });
		this.routers = h("div");
		this.list = h("div", { class: "stack" });
		content.append(h("h1", null, "Settings"), this.pending,
			this.admin ? "" : readOnlyNotice(me), this.files, this.routers);
		if (this.admin)
			content.append(panel("Customers", h("p", { class: "help" },
				"To change or remove one, open its page."), h("details", null,
				h("summary", null, "Add a customer"), customerForm(null))));
		content.append(this.list);
	}

	async load() {
		try {
			return await get("config", null, this.signal);
		} catch (error) {
			fail(this.pending, "The configuration cannot be read", error);
			return null;
		}
	}

	showPending(config) {
		swap(this.pending, pendingNotice(config.pending));
		put(this.files, `Read from ${config.file}; what is set here is kept in ` +
			`${config.drop_in}.`);
	}

	// Others may change routers, too; but a form that is open stays as it is.
	showRouters({ exporters }) {
		const key = JSON.stringify(exporters);

		if (key === this.shownRouters || this.routers.querySelector("details[open]"))
			return;
		this.shownRouters = key;
		clear(this.routers, routers(exporters, this.admin, () => this.closeForms()));
	}

	// When its outcome has been read, a form makes room for the new list.
	closeForms() {
		setTimeout(() => {
			for (const form of this.routers.querySelectorAll("details[open]"))
				form.open = false;
			this.shownRouters = null;
			this.show();
		}, reloadDelay);
	}

	async show() {
		const config = await this.load();

		if (!config)
			return;
		this.showPending(config);
		this.showRouters(config);
		if (!this.list.children.length) // later, fields keep what is typed into them
			clear(this.list, sections(config.settings, this.admin, () =>
				setTimeout(() => this.show(), reloadDelay)));
	}
}

export function settingsPage(content, context) {
	const page = new SettingsPage(content, context);

	repeat(() => page.show(), refresh, context.signal);
}
