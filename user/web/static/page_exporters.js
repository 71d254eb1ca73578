// SPDX-License-Identifier: GPL-2.0-only
/* Exporters: who sends, who should, who is refused; what was lost on the way here. */

import { get } from "./api.js";
import { drawBars, makeBars, rises } from "./bars.js";
import { clear, fail, h, panel, repeat, snippet, swap } from "./dom.js";
import { exportersOf, kept, live, subscribe } from "./events.js";
import { ago, dateTime, exact, percent } from "./format.js";
import { exporterForm } from "./forms.js";
import { seconds } from "./range.js";
import { exporterSection, nothingYet } from "./router_help.js";
import { makeTable } from "./table.js";

const bins = 60; // of the last minutes
const refresh = 3000; // ms
const lossRefresh = 60000;
const refusedHelp = "These send to this collector, but no [exporter] section has their address, " +
	"so nothing of them is counted. Yours? Add the section to the configuration, then send " +
	"the agent SIGHUP.";

export const exporterLink = (address) => `#/exporters/${encodeURIComponent(address)}`;
export const versionName = (version) => version === 10 ? "IPFIX" : `v${version}`;

export function sum(values) {
	return values.reduce((all, value) => all + (value ?? 0), 0);
}

/** Lost units of an exporter in the last minutes, as far as the page was open. */
export function recentLoss(address) {
	return rises(live.losses.get(address) ?? [], Date.now() / 1000, kept, bins);
}

/** "12 (0.1 %)": of all that it sent. */
export function lostShare(row) {
	return percent(row.lost, row.lost + sum(row.streams.map((stream) => stream.received)));
}

export function suggestName(address) {
	return `router-${address.replace(/[^0-9a-f]+/gi, "-")}`;
}

function versions(row) {
	return [...new Set(row.streams.map((stream) => versionName(stream.version)))].join(" ");
}

// Again only when something was lost, or the bars have moved on.
function drawLoss(cell, row) {
	const ring = live.losses.get(row.address) ?? [];
	const key = `${row.address} ${ring.length} ${Math.floor(Date.now() * bins / kept / 1000)}`;

	if (cell.dataset.key === key)
		return;
	cell.dataset.key = key;
	const values = recentLoss(row.address);

	drawBars(cell, values, `${exact(sum(values))} lost while this page was open`);
}

const columns = [
	{ label: "Exporter", head: true, cell: (row) => ({ text: row.name ?? row.address,
		href: exporterLink(row.address) }) },
	{ label: "State", cell: (row) => ({ text: row.state, class: `state ${row.state}` }) },
	{ label: "Address", class: "low id", cell: (row) => row.address },
	{ label: "Last seen", numeric: true, cell: (row) => ({ text: ago(row.last_seen),
		title: dateTime(row.last_seen, true) }) },
	{ label: "Sends", class: "low", cell: versions },
	{ label: "Datagrams/s", numeric: true, class: "low", cell: (row) => exact(row.now) },
	{ label: "Records", numeric: true, class: "low", cell: (row) => exact(row.records) },
	{ label: "Lost", numeric: true, title: "missed by sequence, since the table was made",
		cell: (row) => ({ text: exact(row.lost), class: row.lost ? "warn" : "",
			title: lostShare(row) }) },
	{ label: "Lost, last 10 min", class: "low", draw: drawLoss },
	{ label: "Advice", class: "low", numeric: true, cell: (row) => !row.advice?.length ? "" :
		{ text: `read ${row.advice.length}`, title: row.advice.join("\n"),
			href: exporterLink(row.address) } },
];

// ---- refused ones ----

function refusedItem(row, me, done) {
	const name = suggestName(row.address);

	return h("li", { class: "refused-item" },
		h("p", null, h("strong", null, row.address), " sends and is refused: ",
			`${exact(row.datagrams)} datagrams, newest ${ago(row.last_seen)}.`),
		snippet(exporterSection(row.address, name), `Configuration for ${row.address}`),
		me.role === "admin" && h("details", null,
			h("summary", null, "Add this router now"),
			exporterForm({ name, addresses: [row.address] }, done)));
}

// Made anew only if others are refused: a form in it may be half filled.
function makeRefused(me, done) {
	const list = h("ul", { class: "refused-list" });
	const node = panel("Refused", h("p", { class: "help" }, refusedHelp), list);
	let known = "";

	node.hidden = true;
	return { node, set(rows) {
		const key = rows.map((row) => row.address).join(" ");

		node.hidden = !rows.length;
		if (key !== known)
			clear(list, rows.map((row) => refusedItem(row, me, done)));
		known = key;
	} };
}

/** Loss of all streams over the last day, out of the snapshots. */
async function showLoss(bars, signal) {
	const history = await get("history", { kind: "unmatched", from: "-24h", step: "5m" },
		signal);
	const due = seconds(history.from) + history.coverage.elapsed_seconds;
	const values = history.points.map((point) => point.covered_seconds > 0 ||
		seconds(point.time) >= due ? point.lost_records + point.lost_datagrams : null);

	bars.set({ values, from: history.from, to: history.to,
		text: `${exact(sum(values))} records or datagrams in 24 hours, by 5 minutes` });
}

export function exportersPage(content, { signal, me }) {
	const table = makeTable({ caption: "Exporters", columns, key: (row) => row.address });
	const trouble = h("div");
	const refused = makeRefused(me, load);
	const bars = makeBars(signal);
	let rows = [];

	content.append(h("h1", null, "Exporters"), trouble,
		h("div", { class: "table-place" }, table.node), refused.node,
		panel("Lost on the way, all exporters", bars.node));

	function show() {
		const now = new Map(exportersOf(live.event ?? {}).map((one) =>
			[one.address, one.datagrams_per_second]));

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

	repeat(load, refresh, signal);
	repeat(() => showLoss(bars, signal).catch(() => {}), lossRefresh, signal);
	subscribe(() => rows.length && show(), signal);
}
