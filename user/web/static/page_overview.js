// SPDX-License-Identifier: GPL-2.0-only
/* Overview: what passes now, who, from which routers, and whether files are written and kept. */

import { get } from "./api.js";
import { Chart, legend } from "./chart.js";
import { facts, h, notice, put, repeat, swap } from "./dom.js";
import { exportersOf, kept, subscribe } from "./events.js";
import { binary, clock, count, exact, exactRate, percent, rate } from "./format.js";
import { exporterLink } from "./page_exporters.js";
import { nothingYet } from "./router_help.js";
import { makeTable } from "./table.js";

const share = (customer, event) =>
	percent(customer.up_bps + customer.down_bps, event.up_bps + event.down_bps);

function customerColumns() {
	return [
		{
			label: "Customer",
			head: true,
			cell: (row) => ({
				text: row.name || row.id,
				href: `#/customers/${encodeURIComponent(row.id)}`,
				title: row.id,
			}),
		},
		{
			label: "Down",
			numeric: true,
			cell: (row) => ({
				text: rate(row.down_bps),
				title: exactRate(row.down_bps),
				class: "down",
			}),
		},
		{
			label: "Up",
			numeric: true,
			cell: (row) => ({
				text: rate(row.up_bps),
				title: exactRate(row.up_bps),
				class: "up",
			}),
		},
		{ label: "Share", numeric: true, class: "low", cell: (row) => row.share },
	];
}

const exporterColumns = [
	{
		label: "Exporter",
		head: true,
		cell: (row) => ({
			text: row.name ?? row.address,
			href: exporterLink(row.address),
			title: row.address,
		}),
	},
	{ label: "State", cell: (row) => ({ text: row.state, class: `state ${row.state}` }) },
	{
		label: "Datagrams/s",
		numeric: true,
		class: "low",
		cell: (row) => exact(row.datagrams_per_second),
	},
	{
		label: "Lost",
		numeric: true,
		title: "missed by sequence, since the table was made",
		cell: (row) => ({ text: exact(row.lost), class: row.lost ? "warn" : "" }),
	},
];

/** A big number with its name; set(value) in bit/s. */
function gauge(name, sign, type) {
	const number = h("span", { class: "gauge-number" });
	const unit = h("span", { class: "gauge-unit" });
	const node = h(
		"div",
		{ class: `gauge ${type}` },
		h("span", { class: "gauge-name" }, `${sign} ${name}`.trim()),
		h("span", { class: "gauge-value" }, number, unit),
	);

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

function liveChart(signal) {
	const times = [];
	const chart = new Chart(
		{
			height: 210,
			label: "Rates of the last minutes",
			describe: (index) => {
				const point =
					index === null || index === undefined ? null : times[index];

				return !point
					? `By the second; the last ${kept / 60} minutes while this page is open`
					: point.up === null
						? `${clock(point.time * 1000, true)}  not known`
						: `${clock(point.time * 1000, true)}  ↓ ${rate(point.down)}  ↑ ${rate(point.up)}`;
			},
		},
		signal,
	);

	return {
		chart,
		set(past) {
			const now = past.length ? past[past.length - 1].time : Date.now() / 1000;
			const begin = Math.min(past[0]?.time ?? now, now - 20);

			times.splice(0, times.length, ...past);
			const holes = past.flatMap((point, i) =>
				point.up === null
					? [
							[
								past[i - 1]?.time ?? point.time,
								past[i + 1]?.time ?? now,
							],
						]
					: [],
			);

			chart.set({
				data: [
					past.map((p) => p.time),
					past.map((p) => p.down),
					past.map((p) => p.up),
				],
				from: begin,
				to: now,
				holes,
				levels: [],
			});
		},
	};
}

function diskText(disk) {
	if (!disk) return "–";
	const limit = Number(disk.limit_bytes);

	return limit
		? `${binary(disk.bytes)} of ${binary(limit)}, ${binary(disk.free_bytes)} free`
		: `${binary(disk.bytes)}, no limit, ${binary(disk.free_bytes)} free`;
}

function diskMeter(disk) {
	const limit = Number(disk?.limit_bytes ?? 0);

	return h(
		"span",
		null,
		diskText(disk),
		limit
			? h("meter", {
					min: "0",
					max: String(limit),
					value: Number(disk.bytes),
					"aria-label": "of the size limit",
				})
			: null,
	);
}

function snapshotText(snapshot) {
	if (!snapshot?.last) return "none yet";
	return snapshot.last.split("/").pop();
}

function healthFacts(event, status, lifetime) {
	const rejected = status?.datagrams.rejected;

	return facts([
		[
			"Last snapshot",
			h(
				"span",
				{ title: event.snapshot?.last ?? "" },
				snapshotText(event.snapshot),
			),
		],
		["On disk", diskMeter(event.disk)],
		["Kept for", lifetime],
		["Datagrams", `${count(event.datagrams_per_second)} /s`],
		[
			"Lost on the way",
			h("span", { class: event.lost ? "warn" : "" }, exact(event.lost)),
		],
		status && [
			"Rejected datagrams",
			h(
				"span",
				{
					class: rejected ? "warn" : "",
					title: Object.entries(status.reasons)
						.map(([name, n]) => `${name}: ${n}`)
						.join("\n"),
				},
				exact(rejected),
			),
		],
		status && ["Customers", `${exact(status.customers)} of ${exact(status.capacity)}`],
		status && [
			"Counted in",
			status.interfaces
				.map((one) =>
					one.mode === "none"
						? `${one.name}: socket`
						: `${one.name}: kernel, ${one.mode}`,
				)
				.join(", ") || "the agent",
		],
	]);
}

function warnings(event, status) {
	const list = [];

	if (status && !status.agent.running)
		list.push(
			notice(
				"error",
				"The agent does not run",
				"The kernel goes on counting, but no " +
					"snapshots are written. Start it: systemctl start nfmeter, or nfmeter run.",
			),
		);
	if (status?.snapshot.error)
		list.push(
			notice(
				"error",
				"No snapshot can be written",
				status.snapshot.error,
				"Counting goes on; nothing is lost as long as the machine runs.",
			),
		);
	return list.length ? h("div", null, list) : null;
}

/** What stands on the page, and one function that fills it from an event. */
function layout(content, signal) {
	const down = gauge("Down", "↓", "down");
	const up = gauge("Up", "↑", "up");
	const rest = h("div", { class: "gauge-rest" });
	const chart = liveChart(signal);
	const alerts = h("div", { class: "alerts" });
	const customers = makeTable({
		caption: "Customers with the highest rates",
		key: (row) => row.id,
		columns: customerColumns(),
	});
	const exporters = makeTable({
		caption: "Exporters",
		key: (row) => row.address,
		columns: exporterColumns,
	});
	const health = h("div");
	const nobody = h("p", { class: "help" }, "No customer has traffic now.");
	const instruments = h(
		"div",
		{ class: "columns" },
		h(
			"section",
			{ class: "panel span" },
			h("h2", null, "Top customers"),
			customers.node,
			nobody,
		),
		h(
			"div",
			{ class: "stack" },
			h(
				"section",
				{ class: "panel" },
				h("h2", null, "Exporters"),
				exporters.node,
			),
			h("section", { class: "panel" }, h("h2", null, "Health"), health),
		),
	);

	const now = h(
		"section",
		{ class: "panel now", "aria-label": "Now" },
		h("div", { class: "gauges" }, down.node, up.node, rest),
		h("div", null, chart.chart.node, legend("No news")),
	);

	content.append(h("h1", { class: "unseen" }, "Overview"), alerts, now, instruments);
	return {
		now,
		down,
		up,
		rest,
		chart,
		alerts,
		customers,
		nobody,
		exporters,
		health,
		instruments,
	};
}

function fillRest(rest, event, customers) {
	swap(
		rest,
		facts([
			[
				"Of no customer",
				h(
					"span",
					{ title: exactRate(event.unmatched_bps) },
					h(
						"a",
						{ href: "#/traffic/unmatched" },
						percent(event.unmatched_bps, event.total_bps),
					),
					` ${rate(event.unmatched_bps)}`,
				),
			],
			["Customers", h("a", { href: "#/customers" }, exact(customers))],
		]),
	);
}

export function overviewPage(content, { signal }) {
	const parts = layout(content, signal);
	let status = null;
	let lifetime = "–";
	let help = null;

	async function slow() {
		[status] = await Promise.all([
			get("status", null, signal).catch(() => null),
			get("snapshots", { limit: 1 }, signal)
				.then((found) => {
					lifetime = found.limits.lifetime_seconds
						? `${Math.round(found.limits.lifetime_seconds / 86400)} days`
						: "ever";
				})
				.catch(() => {}),
		]);
	}

	async function welcome(event) {
		const silent =
			event.datagrams_per_second === 0 &&
			exportersOf(event).every((one) => ["never", "refused"].includes(one.state));

		if (!silent || help) {
			if (!silent && help?.node) help.node.remove();
			return;
		}
		help = {};
		help.node = h("section", { class: "panel" }, await nothingYet(signal));
		parts.instruments.before(help.node);
	}

	function show({ event, past, state, error }) {
		content.classList.toggle("is-stale", state !== "live");
		parts.now.hidden = parts.instruments.hidden = !event;
		if (!event) {
			swap(
				parts.alerts,
				error
					? notice("error", "No live values", error)
					: h("p", { class: "loading" }, "Connecting…"),
			);
			return;
		}
		swap(parts.alerts, warnings(event, status));
		parts.down.set(event.down_bps);
		parts.up.set(event.up_bps);
		fillRest(parts.rest, event, event.customers_total ?? status?.customers);
		parts.chart.set(past);
		parts.nobody.hidden = event.customers.length > 0;
		parts.customers.setRows(
			event.customers.map((row) => ({ ...row, share: share(row, event) })),
		);
		parts.exporters.setRows(exportersOf(event));
		swap(parts.health, healthFacts(event, status, lifetime));
		welcome(event);
	}

	repeat(slow, 10000, signal).then(() => subscribe(show, signal));
}
