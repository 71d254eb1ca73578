// SPDX-License-Identifier: GPL-2.0-only
/* One exporter: its streams, what they lost, its templates, and what to set on it. */

import { get } from "./api.js";
import { makeBars } from "./bars.js";
import { fail, facts, h, notice, panel, put, repeat, swap } from "./dom.js";
import { kept, subscribe } from "./events.js";
import { ago, dateTime, exact, percent } from "./format.js";
import { exporterForm } from "./forms.js";
import { lostShare, recentLoss, suggestName, sum, versionName } from "./page_exporters.js";
import { makeTable } from "./table.js";

const refresh = 3000; // ms

const streamColumns = [
	{ label: "Sends", head: true, cell: (row) => versionName(row.version) },
	{ label: "Domain", numeric: true, cell: (row) => String(row.domain) },
	{ label: "Received", numeric: true, cell: (row) => exact(row.received) },
	{ label: "Lost", numeric: true, cell: (row) => ({ text: exact(row.lost),
		class: row.lost ? "warn" : "" }) },
	{ label: "of all", numeric: true,
		cell: (row) => percent(row.lost, row.lost + row.received) },
	{ label: "Counted in", cell: (row) => row.unit ?? "not known yet" },
	{ label: "Restarts", numeric: true, cell: (row) => exact(row.resets) },
];

function fieldLine({ name, enterprise, id, length }) {
	return `${name} (${enterprise ? `${enterprise}/` : ""}${id}), ` +
		(length === 65535 ? "variable" : `${length} bytes`);
}

function fieldsText({ fields }) {
	const more = fields.length > 4 ? " …" : "";

	return { title: fields.map(fieldLine).join("\n"), text: `${fields.length}: ` +
		fields.slice(0, 4).map((field) => field.name).join(", ") + more };
}

const templateColumns = [
	{ label: "Template", head: true, cell: (row) => `${row.domain} / ${row.id}` },
	{ label: "Sends", cell: (row) => versionName(row.version) },
	{ label: "Decoded by", cell: (row) => row.where },
	{ label: "Why", cell: (row) => row.why ?? "" },
	{ label: "Announced", numeric: true,
		cell: (row) => ago(Date.now() - row.age_seconds * 1000) },
	{ label: "Fields", class: "prefixes", cell: fieldsText },
];

const notes = {
	wrapped: "records with a 32-bit byte counter that wrapped",
	repaired: "of these, repaired",
	empty: "records without bytes and packets",
	same_address: "records whose destination is their source",
	implausible: "records with a rate or packet size that cannot be",
	options: "records of options data",
	given_up: "sets whose template did not come in time: not counted",
};

function noteList(row) {
	const found = Object.entries(row.notes ?? {}).filter(([, n]) => n);

	return found.length ? h("ul", { class: "plain" }, found.map(([name, n]) =>
		h("li", null, `${exact(n)} ${notes[name] ?? name}`))) :
		h("p", { class: "help" }, "None.");
}

function stateFacts(row) {
	return facts([
		["State", h("span", { class: `state ${row.state}` }, row.state)],
		["Address", row.address],
		["Last seen", h("span", { title: dateTime(row.last_seen, true) },
			ago(row.last_seen))],
		["Datagrams", exact(row.datagrams)],
		["Records", exact(row.records)],
		["Lost", `${exact(row.lost)} (${lostShare(row)})`],
	], "facts who");
}

class ExporterPage {
	constructor(content, { id, signal, me, setTitle }) {
		this.id = id;
		this.signal = signal;
		this.setTitle = setTitle;
		this.title = h("h1", { class: "name" }, id);
		this.state = h("div");
		this.advice = h("div");
		this.notes = h("div");
		this.streams = makeTable({ caption: "Streams", columns: streamColumns,
			key: (row) => `${row.version} ${row.domain}` });
		this.templates = makeTable({ caption: "Templates", columns: templateColumns,
			key: (row) => `${row.domain} ${row.id}` });
		this.bars = makeBars(signal);
		content.append(this.title, this.state, this.advice,
			panel("Streams", this.streams.node),
			panel("Lost while this page is open", this.bars.node),
			panel("Templates", this.templates.node),
			panel("Remarks on its records", this.notes));
		if (me.role === "admin")
			this.addForm(content);
	}

	show(row) {
		put(this.title, row.name ?? row.address);
		this.setTitle(row.name ?? row.address);
		swap(this.state, stateFacts(row));
		swap(this.advice, row.advice?.length ?
			notice("warning", "What to set on this router", ...row.advice) : null);
		swap(this.notes, noteList(row));
		this.streams.setRows(row.streams);
	}

	async load() {
		try {
			const all = await get("exporters", null, this.signal);
			const row = all.find((one) => one.address === this.id);

			if (row)
				this.show(row);
			else
				swap(this.state, notice("empty", "No such exporter",
					"Nothing comes from it, and it is not configured."));
			this.templates.setRows(await get("templates", { exporter: this.id },
				this.signal));
		} catch (error) {
			fail(this.advice, "This exporter cannot be read", error);
		}
	}

	showLoss() {
		const values = recentLoss(this.id);
		const now = Date.now();

		this.bars.set({ values, from: now - kept * 1000, to: now,
			text: `${exact(sum(values))} lost in the last ${kept / 60} minutes` });
	}

	async addForm(content) {
		const place = h("details", { class: "edit" },
			h("summary", null, "Configure this router"));
		const config = await get("config", null, this.signal).catch(() => null);
		const row = config?.exporters.find((one) => one.addresses.includes(this.id));

		if (!config)
			return;
		place.append(exporterForm(row ?? { name: suggestName(this.id),
			addresses: [this.id] }, () => this.load()));
		content.append(place);
	}
}

export function exporterPage(content, context) {
	const page = new ExporterPage(content, context);

	repeat(() => page.load(), refresh, context.signal);
	subscribe(() => page.showLoss(), context.signal);
}
