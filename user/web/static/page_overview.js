// SPDX-License-Identifier: GPL-2.0-only
/* Overview: what passes now, who, from which routers, and whether files are written and kept. */

import { get } from "./api.js";
import { Chart, legend } from "./chart.js";
import { facts, h, notice, panel, put, repeat, swap } from "./dom.js";
import { exportersOf, kept, subscribe } from "./events.js";
import { binary, clock, count, duration, exact, exactRate, percent, rate } from "./format.js";
import { exporterLink } from "./page_exporters.js";
import { nothingYet } from "./router_help.js";
import { makeTable } from "./table.js";

const slowRefresh = 10000; // ms
const exportersMost = 12;

const customerColumns = [
	{ label: "Customer", head: true, cell: (row) => ({ text: row.name || row.id,
		href: `#/customers/${encodeURIComponent(row.id)}`, title: row.id }) },
	{ label: "Down", numeric: true, cell: (row) => ({ text: rate(row.down_bps),
		title: exactRate(row.down_bps), class: "down" }) },
	{ label: "Up", numeric: true, cell: (row) => ({ text: rate(row.up_bps),
		title: exactRate(row.up_bps), class: "up" }) },
	{ label: "Share", numeric: true, class: "low", cell: (row) => row.share },
];

const exporterColumns = [
	{ label: "Exporter", head: true, cell: (row) => ({ text: row.name ?? row.address,
		href: exporterLink(row.address), title: row.address }) },
	{ label: "State", cell: (row) => ({ text: row.state, class: `state ${row.state}` }) },
	{ label: "Datagrams/s", numeric: true, class: "low",
		cell: (row) => exact(row.datagrams_per_second) },
	{ label: "Lost", numeric: true, title: "missed by sequence, since the table was made",
		cell: (row) => ({ text: exact(row.lost), class: row.lost ? "warn" : "" }) },
];

/** A big number with its name; set(value) in bit/s. */
function gauge(name, sign, type) {
	const number = h("span", { class: "gauge-number" });
	const unit = h("span", { class: "gauge-unit" });
	const node = h("div", { class: `gauge ${type}` },
		h("span", { class: "gauge-name" }, `${sign} ${name}`),
		h("span", { class: "gauge-value" }, number, unit));

	return {
		node,
		set(value) {
			const [digits, prefix] = rate(value).split(" ");

			put(number, digits);
			put(unit, prefix);
			node.title = exactRate(value);
		},
	};
}

// ---- the chart of the last minutes ----

function describeSecond(point) {
	if (!point)
		return `By the second; the last ${kept / 60} minutes while this page is open`;
	return `${clock(point.time * 1000, true)}   ` + (point.up === null ? "not known" :
		`↓ ${rate(point.down)}  ↑ ${rate(point.up)}`);
}

function liveChart(signal) {
	let shown = [];
	const chart = new Chart({ height: 210, label: "Rates of the last minutes",
		describe: (index) => describeSecond(shown[index]) }, signal);

	return {
		node: chart.node,
		set(past) {
			const now = past.length ? past[past.length - 1].time : Date.now() / 1000;
			const at = (i) => past[i]?.time ?? now;
			const holes = past.flatMap((point, i) => point.up === null ?
				[[at(i - 1), at(i + 1)]] : []);

			shown = [...past];
			chart.set({ data: [past.map((point) => point.time),
				past.map((point) => point.down), past.map((point) => point.up)],
			from: Math.min(at(0), now - 20), to: now, holes, levels: [] });
		},
	};
}

// ---- whether all is well ----

function diskValue(disk) {
	if (!disk)
		return "–";
	const limit = Number(disk.limit_bytes);
	const free = disk.free_bytes === null ? "" : `, ${binary(disk.free_bytes)} free`;

	return h("span", null, limit ? `${binary(disk.bytes)} of ${binary(limit)}${free}` :
		`${binary(disk.bytes)}, no limit${free}`,
	limit > 0 && h("meter", { min: "0", max: String(limit), value: Number(disk.bytes),
		"aria-label": "of the size limit" }));
}

function reasonList({ reasons }) {
	return Object.entries(reasons).map(([name, n]) => `${name}: ${n}`).join("\n");
}

function placeText({ interfaces }) {
	return interfaces.map(({ name, mode }) => mode === "none" ? `${name}: by the agent` :
		`${name}: kernel, ${mode}`).join(", ") || "the agent";
}

function health(event, { status, lifetime }) {
	const rejected = status?.datagrams.rejected;
	const last = event.snapshot?.last;
	const bad = (value) => value ? "warn" : null;

	return facts([
		["Last snapshot", last ? h("span", { title: last }, last.split("/").pop()) :
			"none yet"],
		["On disk", diskValue(event.disk)],
		["Kept for", lifetime],
		["Datagrams", `${count(event.datagrams_per_second)} /s`],
		["Lost on the way", h("span", { class: bad(event.lost) }, exact(event.lost))],
		status && ["Rejected datagrams", h("span", { class: bad(rejected),
			title: reasonList(status) || null }, exact(rejected))],
		status && ["Customers", `${exact(status.customers)} of ${exact(status.capacity)}`],
		status && ["Counted in", placeText(status)],
	]);
}

function warnings({ status }) {
	const list = [];

	if (status && !status.agent.running)
		list.push(notice("error", "The agent does not run", "The kernel goes on " +
			"counting, but no snapshots are written. Start it: systemctl start " +
			"nfmeter, or nfmeter run."));
	if (status?.snapshot.error)
		list.push(notice("error", "No snapshot can be written", status.snapshot.error,
			"Counting goes on; nothing is lost as long as the machine runs."));
	return list.length ? h("div", { class: "stack" }, list) : null;
}

function beside(event, status) {
	const nobody = percent(event.unmatched_bps, event.total_bps);

	return facts([
		["Of no customer", h("span", { title: exactRate(event.unmatched_bps) },
			h("a", { href: "#/traffic/unmatched" }, nobody === "–" ? "none" : nobody),
			` ${rate(event.unmatched_bps)}`)],
		["Customers", h("a", { href: "#/customers" },
			exact(event.customers_total ?? status?.customers))],
	]);
}

// ---- the page ----

class OverviewPage {
	constructor(content, signal) {
		this.content = content;
		this.signal = signal;
		this.known = { status: null, lifetime: "–" };
		this.help = null; // what to do when nothing arrives
		this.down = gauge("Down", "↓", "down");
		this.up = gauge("Up", "↑", "up");
		this.beside = h("div", { class: "gauge-rest" });
		this.chart = liveChart(signal);
		this.customers = makeTable({ caption: "Customers with the highest rates",
			key: (row) => row.id, columns: customerColumns });
		this.exporters = makeTable({ caption: "Exporters", key: (row) => row.address,
			columns: exporterColumns });
		this.nobody = h("p", { class: "help" }, "No customer has traffic now.");
		this.more = h("a", { class: "help", href: "#/exporters" });
		this.health = h("div");
		this.alerts = h("div", { class: "alerts" }, h("p", { class: "loading" },
			"Connecting…"));
		this.draw();
	}

	draw() {
		this.now = h("section", { class: "panel now", "aria-label": "Now", hidden: true },
			h("div", { class: "gauges" }, this.down.node, this.up.node, this.beside),
			h("div", null, this.chart.node, legend(["down", "up", "hole"], "No news")));
		this.rest = h("div", { class: "columns", hidden: true },
			panel("Top customers", this.customers.node, this.nobody),
			h("div", { class: "stack" }, panel("Exporters", this.exporters.node,
				this.more),
				panel("Health", this.health)));
		this.content.append(h("h1", { class: "unseen" }, "Overview"), this.alerts, this.now,
			this.rest);
	}

	/** What changes slowly, and may fail without harm to the rest. */
	async loadSlow() {
		const [status, snapshots] = await Promise.allSettled([
			get("status", null, this.signal),
			get("snapshots", { limit: 1 }, this.signal)]);
		const seconds = snapshots.value?.limits.lifetime_seconds;

		this.known = { status: status.value ?? null,
			lifetime: seconds ? duration(seconds) : seconds === 0 ? "ever" : "–" };
	}

	async welcome(event) {
		const silent = event.datagrams_per_second === 0 &&
			exportersOf(event).every(({ state }) => /never|refused/.test(state));

		if (silent === Boolean(this.help))
			return;
		this.help?.remove();
		this.help = silent ? h("section", { class: "panel" }) : null;
		if (this.help) {
			this.rest.before(this.help);
			this.help.append(await nothingYet(this.signal));
		}
	}

	// Those that need a look first; of very many not all.
	showExporters(all) {
		const rows = [...all].sort((a, b) => (a.state === "ok") - (b.state === "ok") ||
			b.datagrams_per_second - a.datagrams_per_second).slice(0, exportersMost);

		this.exporters.setRows(rows);
		put(this.more, all.length > rows.length ?
			`and ${exact(all.length - rows.length)} more` : "");
	}

	show({ event, past, state, error }) {
		this.content.classList.toggle("is-stale", state !== "live");
		this.now.hidden = this.rest.hidden = !event;
		if (!event) {
			if (error)
				swap(this.alerts, notice("error", "No live values", error));
			return;
		}
		const all = event.up_bps + event.down_bps;

		swap(this.alerts, warnings(this.known));
		this.down.set(event.down_bps);
		this.up.set(event.up_bps);
		swap(this.beside, beside(event, this.known.status));
		this.chart.set(past);
		this.customers.setRows(event.customers.map((row) => ({ ...row,
			share: percent(row.up_bps + row.down_bps, all) })));
		this.nobody.hidden = event.customers.length > 0;
		this.showExporters(exportersOf(event));
		swap(this.health, health(event, this.known));
		this.welcome(event);
	}
}

export function overviewPage(content, { signal }) {
	const page = new OverviewPage(content, signal);

	repeat(() => page.loadSlow(), slowRefresh, signal);
	subscribe((live) => page.show(live), signal);
}
