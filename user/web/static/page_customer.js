// SPDX-License-Identifier: GPL-2.0-only
/* One customer, or the traffic of nobody: rates over time, totals, percentiles, coverage. */

import { get } from "./api.js";
import { Chart, legend, ratePair, stepText } from "./chart.js";
import { clear, fail, h, put, repeat, set, swap } from "./dom.js";
import { ago, bytes, dateTime, duration, exact, exactBytes, month, rate, share } from "./format.js";
import { chartTools, downloads } from "./page_customer_tools.js";
import { holes, presetQuery, rangeQuery, seconds } from "./range.js";
import { customerForm } from "./forms.js";

const kinds = {
	unmatched: {
		title: "Traffic of no customer",
		text:
			"Records whose addresses are in no " +
			"customer's prefixes. Everything stands as up. Is a customer or a prefix missing?",
	},
	local: {
		title: "Traffic between customers",
		text:
			"Records with a customer on both sides: they " +
			"stand in both customers' counters. Everything stands as up.",
	},
};
const refresh = 60000; // ms, of the chart
const nowRefresh = 3000; // of the live rate

/** What the hash asks for, as parameters of the history. */
function wish(query, resolution) {
	const from = Number(query.get("from"));
	const to = Number(query.get("to"));

	if (from > 0 && to > from)
		return { zoomed: true, key: null, parameters: rangeQuery(from, to, resolution) };
	const key = query.get("range") ?? "24h";

	return { zoomed: false, key, parameters: presetQuery(key, Date.now() / 1000) };
}

/** Rates, beginning with each point's time, and one more point so that the last step has a width. */
function chartData(history) {
	const rows = [[], [], []];
	const { points } = history;

	for (const point of points) {
		rows[0].push(seconds(point.time));
		rows[1].push(point.down_bps === null ? null : Number(point.down_bps));
		rows[2].push(point.up_bps === null ? null : Number(point.up_bps));
	}
	if (points.length) {
		rows[0].push(seconds(history.to));
		rows[1].push(rows[1][points.length - 1]);
		rows[2].push(rows[2][points.length - 1]);
	}
	return rows;
}

function levels({ percentile, samples }, oneWay) {
	if (!samples) return [];
	const level = (value, sign, color, dash) => ({
		value: Number(value),
		color,
		dash,
		text: `${percentile.p}th ${sign} ${rate(value)}`,
	});

	return [
		!oneWay && level(percentile.down_bps, "↓", "down", [7, 4]),
		level(percentile.up_bps, "↑", "up", [2, 3]),
	].filter(Boolean);
}

function lossText({ coverage }) {
	const parts = [
		[coverage.lost_records, "records lost"],
		[coverage.lost_datagrams, "datagrams lost"],
		[coverage.rejected_records, "records rejected"],
		[coverage.rejected_datagrams, "datagrams rejected"],
		[coverage.damaged_files, "damaged files"],
	];

	return parts
		.filter(([n]) => n)
		.map(([n, name]) => `${exact(n)} ${name}`)
		.join(", ");
}

/** "93.72 % covered, 39 records lost": the quality of the numbers, beside them. */
function quality(history) {
	const { coverage } = history;
	const loss = lossText(history);
	const missing = coverage.elapsed_seconds - coverage.seconds;
	const bad = coverage.share < 1 || loss;

	if (!coverage.elapsed_seconds) return h("span", { class: "quality" }, "nothing is due yet");
	return h(
		"span",
		{
			class: `quality ${bad ? "warn" : "good"}`,
			title: coverage.gaps
				.map(
					(gap) =>
						`not counted: ${dateTime(gap.from)} to ${dateTime(gap.to)}`,
				)
				.join("\n"),
		},
		`${share(coverage.share)} covered`,
		missing > 0 && ` (${duration(missing)} missing)`,
		loss ? `; ${loss}` : "; no loss",
	);
}

// ---- totals by calendar ----

function calendar() {
	const now = new Date();
	const at = (offset) => month(new Date(now.getFullYear(), now.getMonth() + offset, 1));

	return [
		["Today", { day: "today", step: "1d" }],
		["Yesterday", { day: "yesterday", step: "1d" }],
		["This month", { month: at(0), step: "1d" }],
		["Last month", { month: at(-1), step: "1d" }],
	];
}

const amount = (value, type) =>
	h("td", { class: `numeric ${type}`, title: exactBytes(value) }, bytes(value));
const speed = (value, type, known, more = "") =>
	h(
		"td",
		{ class: `numeric ${type} ${more}`, title: `${exact(value)} bit/s` },
		known ? rate(value) : "–",
	);

// On a narrow screen the quality has a line of its own: it must not scroll out of sight.
function totalsRow(name, history, oneWay) {
	if (!history)
		return h(
			"tr",
			null,
			h("th", { scope: "row" }, name),
			h("td", { colspan: "7", class: "help" }, "not known"),
		);
	const { up, down } = history.total;
	const has = history.samples > 0;
	const when = `${dateTime(history.from)} to ${dateTime(history.to)}`;

	return [
		h(
			"tr",
			null,
			h("th", { scope: "row", title: when }, name),
			!oneWay && amount(down.bytes, "down"),
			amount(up.bytes, "up"),
			!oneWay && amount(BigInt(down.bytes) + BigInt(up.bytes), ""),
			!oneWay && speed(history.percentile.down_bps, "down", has),
			speed(history.percentile.up_bps, "up", has),
			speed(history.percentile.larger_bps, "", has, "low"),
			h("td", { class: "low" }, quality(history)),
		),
		h("tr", { class: "narrow" }, h("td", { colspan: "7" }, quality(history))),
	];
}

function totalsTable(rows, oneWay) {
	const head = (label, type = "numeric") => h("th", { scope: "col", class: type }, label);

	return h(
		"div",
		{ class: "scroll", tabindex: "0", role: "region", "aria-label": "Totals" },
		h(
			"table",
			{ class: "totals" },
			h("caption", { class: "unseen" }, "Totals"),
			h(
				"thead",
				null,
				h(
					"tr",
					null,
					head("Period", ""),
					!oneWay && head("Down"),
					head("Up"),
					!oneWay && head("Total"),
					!oneWay && head("95th down"),
					head("95th up"),
					head("95th larger", "numeric low"),
					head("Quality", "low"),
				),
			),
			h(
				"tbody",
				null,
				rows.map(([name, history]) => totalsRow(name, history, oneWay)),
			),
		),
	);
}

function summary(history, oneWay) {
	const has = history.samples > 0;
	const line = (name, down, up) =>
		h(
			"div",
			null,
			h("dt", null, name),
			h(
				"dd",
				null,
				has || name === "Average"
					? oneWay
						? h("span", { class: "up" }, rate(up))
						: ratePair(down, up)
					: "–",
			),
		);
	const { total } = history;

	return h(
		"dl",
		{ class: "summary" },
		h(
			"div",
			null,
			h("dt", null, "In this range"),
			h(
				"dd",
				null,
				!oneWay &&
					h(
						"span",
						{
							class: "down",
							title: exactBytes(total.down.bytes),
						},
						`↓ ${bytes(total.down.bytes)}`,
					),
				" ",
				h(
					"span",
					{ class: "up", title: exactBytes(total.up.bytes) },
					`${oneWay ? "" : "↑ "}${bytes(total.up.bytes)}`,
				),
			),
		),
		line("Average", history.average.down_bps, history.average.up_bps),
		line("Maximum", history.maximum.down_bps, history.maximum.up_bps),
		line(
			`${history.percentile.p}th percentile`,
			history.percentile.down_bps,
			history.percentile.up_bps,
		),
		h("div", null, h("dt", null, "Quality"), h("dd", null, quality(history))),
	);
}

function describePoint(history, index, oneWay) {
	const point = history?.points[Math.min(index ?? -1, history.points.length - 1)];

	if (!point)
		return matchMedia("(pointer: coarse)").matches
			? "Touch the chart to read it"
			: "Drag to zoom; with the keyboard: ← → read, + − zoom, Shift ← → move, 0 back";
	const next = history.points[history.points.indexOf(point) + 1];
	const from = seconds(point.time);
	const to = next ? seconds(next.time) : seconds(history.to);
	const part = point.covered_seconds / (to - from);
	const rates =
		point.up_bps === null
			? "not counted"
			: oneWay
				? rate(point.up_bps)
				: `↓ ${rate(point.down_bps)}  ↑ ${rate(point.up_bps)}`;
	const lost = point.lost_records + point.lost_datagrams;

	return (
		`${stepText(from, to)}   ${rates}${part < 1 ? `   ${share(part)} covered` : ""}` +
		(lost ? `   ${exact(lost)} lost` : "")
	);
}

// ---- who it is ----

async function showWho(place, id, context, name) {
	const answer = await get("show", { id }, context.signal);
	const [row] = answer.customers;

	if (!row) return;
	name(row);
	swap(
		place,
		h(
			"dl",
			{ class: "facts who" },
			h(
				"div",
				null,
				h("dt", null, "Now"),
				h("dd", null, ratePair(row.down_bps, row.up_bps)),
			),
			h(
				"div",
				null,
				h("dt", null, "Last seen"),
				h(
					"dd",
					{ title: dateTime(row.last_seen, true) },
					ago(row.last_seen),
				),
			),
			h("div", null, h("dt", null, "Id"), h("dd", null, row.id)),
			h(
				"div",
				{ class: "wide" },
				h("dt", null, "Prefixes"),
				h("dd", { class: "prefixes" }, row.prefixes.join("  ") || "none"),
			),
		),
	);
}

function heading(title) {
	return h("h1", { class: "name" }, title);
}

export function customerPage(content, context) {
	const { signal, setQuery, kind, me } = context;
	const id = kind ?? context.id;
	const oneWay = Boolean(kind);
	const about = kinds[kind];
	const title = heading(about?.title ?? id);
	const who = h("div");
	const trouble = h("div");
	const result = h("div");
	const totals = h("div", { class: "loading" }, "Loading totals…");
	let history = null;
	let wanted = null;
	let running = null;
	let known = null;

	const subject = kind ? { kind } : { id };
	const chart = new Chart(
		{
			height: 320,
			stepped: true,
			label: `Rates of ${id} over time`,
			zoomed: (from, to) => zoomTo({ from, to }),
			describe: (index) => describePoint(history, index, oneWay),
		},
		signal,
	);
	const tools = chartTools({
		chart,
		setQuery,
		zoomTo,
		range: () => history && { from: seconds(history.from), to: seconds(history.to) },
	});
	const edit =
		me.role === "admin" &&
		!kind &&
		h(
			"details",
			{ class: "edit" },
			h("summary", null, "Change this customer"),
			h("div"),
		);

	function zoomTo({ from, to }) {
		setQuery({ from: Math.floor(from), to: Math.ceil(to), range: null }, true);
	}

	function show() {
		const due = seconds(history.from) + history.coverage.elapsed_seconds;

		clear(trouble);
		put(title, about?.title ?? (history.name || known?.name || id));
		context.setTitle(title.textContent);
		chart.set({
			data: chartData(history),
			from: seconds(history.from),
			to: seconds(history.to),
			holes: holes(history, due),
			levels: levels(history, oneWay),
		});
		chart.showReadout(chart.plot?.cursor.idx);
		swap(result, summary(history, oneWay));
		tools.show({
			key: wanted.key,
			zoomed: wanted.zoomed,
			from: history.from,
			to: history.to,
			step: history.step_seconds,
		});
	}

	async function load() {
		running?.abort();
		const mine = (running = new AbortController());

		set(chart.node, "aria-busy", "true");
		try {
			history = await get(
				"history",
				{ ...subject, ...wanted.parameters },
				AbortSignal.any([signal, mine.signal]),
			);
			show();
		} catch (error) {
			fail(
				trouble,
				error.status === 404
					? "No such customer"
					: "The history cannot be read",
				error,
			);
		}
		if (running === mine) set(chart.node, "aria-busy", null);
	}

	async function loadTotals() {
		const rows = await Promise.all(
			calendar().map(async ([name, query]) => [
				name,
				await get("history", { ...subject, ...query }, signal).catch(
					() => null,
				),
			]),
		);

		if (!signal.aborted)
			clear(totals, totalsTable(rows, oneWay)).classList.remove("loading");
	}

	function noteWho(row) {
		if (!known && edit) edit.lastElementChild.append(customerForm(row, () => askWho()));
		known = row;
		put(title, row.name || row.id);
		context.setTitle(title.textContent);
	}

	const askWho = () =>
		showWho(who, id, context, noteWho).catch(
			(error) =>
				error.status !== 404 &&
				fail(who, "Its state cannot be read", error),
		);

	content.append(
		h(
			"div",
			{ class: "title-line" },
			title,
			downloads({
				subject,
				id,
				chart,
				title: () => title.textContent,
				wanted: () => wanted,
				history: () => history,
			}),
		),
		about ? h("p", { class: "help" }, about.text) : who,
		trouble,
		h(
			"section",
			{ class: "panel" },
			tools.node,
			chart.node,
			legend(
				"Not counted",
				h(
					"li",
					null,
					h("span", {
						class: "key key-level",
						"aria-hidden": "true",
					}),
					"95th percentile",
				),
			),
			result,
		),
		h("section", { class: "panel" }, h("h2", null, "Totals"), totals),
		edit || "",
	);

	function update(query) {
		wanted = wish(query, history?.resolution_seconds || 300);
		return load();
	}
	update(context.query);
	repeat(loadTotals, refresh * 5, signal);
	if (!kind) repeat(askWho, nowRefresh, signal);
	const timer = setInterval(
		() =>
			!document.hidden &&
			!wanted.zoomed &&
			update(new URLSearchParams(wanted.key ? { range: wanted.key } : {})),
		refresh,
	);

	signal.addEventListener("abort", () => clearInterval(timer));
	return update;
}
