// SPDX-License-Identifier: GPL-2.0-only
/* Exporters: who sends, who should, who is refused; what each lost on its way here. */

import { get } from "./api.js";
import { drawBars, makeBars, rises } from "./bars.js";
import { clear, fail, h, notice, put, repeat, snippet, swap } from "./dom.js";
import { exportersOf, kept, live, subscribe } from "./events.js";
import { ago, dateTime, exact, percent } from "./format.js";
import { exporterForm } from "./forms.js";
import { exporterSection, nothingYet } from "./router_help.js";
import { makeTable } from "./table.js";

const bins = 60;

export const exporterLink = (address) => `#/exporters/${encodeURIComponent(address)}`;

/** Lost units of an exporter in the last minutes, as far as the page was open. */
export function recentLoss(address) {
	return rises(live.losses.get(address) ?? [], Date.now() / 1000, kept, bins);
}

const sum = (values) => values.reduce((all, value) => all + (value ?? 0), 0);

function received(row) {
	return row.streams.reduce((all, stream) => all + Number(stream.received), 0);
}

function versions(row) {
	return [
		...new Set(
			row.streams.map((stream) =>
				stream.version === 10 ? "IPFIX" : `v${stream.version}`,
			),
		),
	].join(" ");
}

const columns = [
	{
		label: "Exporter",
		head: true,
		cell: (row) => ({ text: row.name ?? row.address, href: exporterLink(row.address) }),
	},
	{ label: "State", cell: (row) => ({ text: row.state, class: `state ${row.state}` }) },
	{ label: "Address", class: "low id", cell: (row) => row.address },
	{
		label: "Last seen",
		numeric: true,
		cell: (row) => ({ text: ago(row.last_seen), title: dateTime(row.last_seen, true) }),
	},
	{ label: "Sends", class: "low", cell: versions },
	{
		label: "Datagrams/s",
		numeric: true,
		cell: (row) => (row.now === undefined ? "–" : exact(row.now)),
	},
	{ label: "Records", numeric: true, class: "low", cell: (row) => exact(row.records) },
	{
		label: "Lost",
		numeric: true,
		title: "missed by sequence, since the table was made",
		cell: (row) => ({
			text: exact(row.lost),
			class: row.lost ? "warn" : "",
			title: percent(row.lost, row.lost + received(row)),
		}),
	},
	{
		label: "Lost, last 10 min",
		class: "low",
		draw: (cell, row) => {
			const values = recentLoss(row.address);

			drawBars(
				cell,
				values,
				`${exact(sum(values))} lost while this page was open`,
			);
		},
	},
	{
		label: "Advice",
		class: "low",
		numeric: true,
		cell: (row) => ({
			text: row.advice?.length ? `read ${row.advice.length}` : "",
			title: row.advice?.join("\n"),
			href: exporterLink(row.address),
		}),
	},
];

// ---- refused ones ----

function suggestName(address) {
	return `router-${address.replace(/[^0-9a-f]+/gi, "-")}`;
}

function refusedItem(row, me, done) {
	const name = suggestName(row.address);
	const item = h(
		"li",
		{ class: "refused-item" },
		h(
			"p",
			null,
			h("strong", null, row.address),
			` sends and is refused: ${exact(row.datagrams)} datagrams, ` +
				`newest ${ago(row.last_seen)}.`,
		),
		snippet(exporterSection(row.address, name), `Configuration for ${row.address}`),
	);

	if (me.role === "admin")
		item.append(
			h(
				"details",
				null,
				h("summary", null, "Add this router now"),
				exporterForm({ name, addresses: [row.address] }, done),
			),
		);
	return item;
}

// Made anew only if others are refused: a form in it may be half filled.
function makeRefused(me, done) {
	const list = h("ul", { class: "refused-list" });
	const node = h(
		"section",
		{ class: "panel", hidden: true },
		h("h2", null, "Refused"),
		h(
			"p",
			{ class: "help" },
			"These send to this collector, but no [exporter] section has " +
				"their address, so nothing of them is counted. Yours? Add the section to the " +
				"configuration, then: nfmeter customers reload, or SIGHUP.",
		),
		list,
	);
	let known = "";

	return {
		node,
		set(rows) {
			const key = rows.map((row) => row.address).join(" ");

			node.hidden = !rows.length;
			if (key !== known)
				clear(
					list,
					rows.map((row) => refusedItem(row, me, done)),
				);
			known = key;
		},
	};
}

/** Loss of all streams over the last day, out of the snapshots. */
async function showLoss(bars, signal) {
	const history = await get(
		"history",
		{ kind: "unmatched", from: "-24h", step: "5m" },
		signal,
	);
	const values = history.points.map((point) =>
		point.covered_seconds ? point.lost_records + point.lost_datagrams : null,
	);

	bars.set({
		values,
		from: history.from,
		to: history.to,
		text: `${exact(sum(values))} records or datagrams lost in 24 hours, by 5 minutes`,
	});
}

export function exportersPage(content, { signal, me }) {
	const table = makeTable({ caption: "Exporters", columns, key: (row) => row.address });
	const trouble = h("div");
	const refused = makeRefused(me, load);
	const bars = makeBars(signal);
	let rows = [];

	content.append(
		h("h1", null, "Exporters"),
		trouble,
		h("section", { class: "table-place" }, table.node),
		refused.node,
		h(
			"section",
			{ class: "panel" },
			h("h2", null, "Lost on the way, all exporters"),
			bars.node,
		),
	);

	function show() {
		const now = new Map(
			exportersOf(live.event ?? {}).map((one) => [
				one.address,
				one.datagrams_per_second,
			]),
		);

		table.setRows(rows.map((row) => ({ ...row, now: now.get(row.address) })));
	}

	async function load() {
		try {
			rows = await get("exporters", null, signal);
			show();
			refused.set(rows.filter((row) => row.state === "refused"));
			swap(trouble, rows.length ? null : await nothingYet(signal));
		} catch (error) {
			fail(trouble, "The exporters cannot be read", error);
		}
	}

	repeat(load, 3000, signal).then(() => subscribe(show, signal));
	repeat(() => showLoss(bars, signal).catch(() => {}), 60000, signal);
}

// ---- one of them ----

const streamColumns = [
	{
		label: "Sends",
		head: true,
		cell: (row) => (row.version === 10 ? "IPFIX" : `v${row.version}`),
	},
	{ label: "Domain", numeric: true, cell: (row) => String(row.domain) },
	{ label: "Received", numeric: true, cell: (row) => exact(row.received) },
	{
		label: "Lost",
		numeric: true,
		cell: (row) => ({ text: exact(row.lost), class: row.lost ? "warn" : "" }),
	},
	{
		label: "of all",
		numeric: true,
		cell: (row) => percent(row.lost, row.lost + row.received),
	},
	{ label: "Counted in", cell: (row) => row.unit ?? "not known yet" },
	{ label: "Restarts", numeric: true, cell: (row) => exact(row.resets) },
];

const templateColumns = [
	{ label: "Template", head: true, cell: (row) => `${row.domain} / ${row.id}` },
	{ label: "Sends", cell: (row) => (row.version === 10 ? "IPFIX" : `v${row.version}`) },
	{ label: "Decoded by", cell: (row) => ({ text: row.where, title: row.why ?? "" }) },
	{ label: "Why", class: "why", cell: (row) => row.why ?? "" },
	{
		label: "Announced",
		numeric: true,
		cell: (row) => ago(Date.now() - row.age_seconds * 1000),
	},
	{
		label: "Fields",
		class: "prefixes",
		cell: (row) => ({
			text:
				row.fields.length +
				": " +
				row.fields
					.slice(0, 4)
					.map((field) => field.name)
					.join(", ") +
				(row.fields.length > 4 ? " …" : ""),
			title: row.fields
				.map(
					(field) =>
						`${field.name} (${field.enterprise ? `${field.enterprise}/` : ""}${field.id}), ` +
						`${field.length === 65535 ? "variable" : `${field.length} bytes`}`,
				)
				.join("\n"),
		}),
	},
];

const notes = {
	wrapped: "records with a 32-bit byte counter that wrapped",
	repaired: "of these, repaired",
	empty: "records without bytes and packets",
	same_address: "records whose destination is their source",
	implausible: "records with a rate or packet size that cannot be",
	options: "records of options data",
	given_up: "sets whose template did not come",
};

function noteList(row) {
	const found = Object.entries(row.notes ?? {}).filter(([, n]) => n);

	return found.length
		? h(
				"ul",
				{ class: "plain" },
				found.map(([name, n]) =>
					h("li", null, `${exact(n)} ${notes[name] ?? name}`),
				),
			)
		: h("p", { class: "help" }, "Nothing.");
}

function adviceList(row) {
	return row.advice?.length
		? notice("warning", "What to set on this router", ...row.advice)
		: null;
}

export function exporterPage(content, { id, signal, me, setTitle }) {
	const title = h("h1", { class: "name" }, id);
	const state = h("div");
	const advice = h("div");
	const remarks = h("div");
	const streams = makeTable({
		caption: "Streams",
		columns: streamColumns,
		key: (row) => `${row.version} ${row.domain}`,
	});
	const templates = makeTable({
		caption: "Templates",
		columns: templateColumns,
		key: (row) => `${row.domain} ${row.id}`,
	});
	const bars = makeBars(signal);
	const edit =
		me.role === "admin" &&
		h("details", { class: "edit" }, h("summary", null, "Change this router"), h("div"));

	content.append(
		title,
		state,
		advice,
		h("section", { class: "panel" }, h("h2", null, "Streams"), streams.node),
		h(
			"section",
			{ class: "panel" },
			h("h2", null, "Lost while this page is open"),
			bars.node,
		),
		h("section", { class: "panel" }, h("h2", null, "Templates"), templates.node),
		h("section", { class: "panel" }, h("h2", null, "Remarks on its records"), remarks),
		edit || "",
	);

	function show(row) {
		put(title, row.name ?? row.address);
		setTitle(row.name ?? row.address);
		swap(
			state,
			h(
				"dl",
				{ class: "facts who" },
				[
					[
						"State",
						h(
							"span",
							{ class: `state ${row.state}` },
							row.state,
						),
					],
					["Address", row.address],
					[
						"Last seen",
						h(
							"span",
							{ title: dateTime(row.last_seen, true) },
							ago(row.last_seen),
						),
					],
					["Datagrams", exact(row.datagrams)],
					["Records", exact(row.records)],
					[
						"Lost",
						`${exact(row.lost)} (${percent(row.lost, row.lost + received(row))})`,
					],
				].map(([name, value]) =>
					h("div", null, h("dt", null, name), h("dd", null, value)),
				),
			),
		);
		swap(advice, adviceList(row));
		swap(remarks, noteList(row));
		streams.setRows(row.streams);
	}

	async function load() {
		try {
			const row = (await get("exporters", null, signal)).find(
				(one) => one.address === id,
			);

			if (row) show(row);
			else
				clear(
					state,
					notice(
						"empty",
						"No such exporter",
						"Its address is known no more.",
					),
				);
			templates.setRows(await get("templates", { exporter: id }, signal));
		} catch (error) {
			fail(advice, "This exporter cannot be read", error);
		}
	}

	async function fillForm() {
		const config = await get("config", null, signal);
		const row = config.exporters.find((one) => one.addresses.includes(id));

		edit.lastElementChild.append(
			row
				? exporterForm(row, load)
				: exporterForm({ name: suggestName(id), addresses: [id] }, load),
		);
	}

	if (edit) fillForm().catch(() => edit.remove());
	repeat(load, 3000, signal);
	subscribe(() => {
		const values = recentLoss(id);
		const now = Date.now();

		bars.set({
			values,
			from: now - kept * 1000,
			to: now,
			text: `${exact(sum(values))} lost in the last ${kept / 60} minutes`,
		});
	}, signal);
}
