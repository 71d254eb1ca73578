// SPDX-License-Identifier: GPL-2.0-only
/* A customer's numbers: totals of calendar periods, a range's summary, and how good they are. */

import { ratePair } from "./chart.js";
import { fact, h } from "./dom.js";
import { bytes, dateTime, duration, exact, exactBytes, exactRate, month, rate, share } from
	"./format.js";

const losses = {
	lost_records: "records lost", lost_datagrams: "datagrams lost",
	rejected_records: "records rejected", rejected_datagrams: "datagrams rejected",
	damaged_files: "damaged files", unbalanced_snapshots: "files that do not add up",
};

function lossText(coverage) {
	return Object.entries(losses).filter(([key]) => coverage[key])
		.map(([key, name]) => `${exact(coverage[key])} ${name}`).join(", ");
}

/** "93.72 % covered (1 h 30 min missing); 39 records lost": it stands beside the numbers. */
export function quality({ coverage }) {
	const loss = lossText(coverage);
	const missing = coverage.elapsed_seconds - coverage.seconds;
	const gaps = coverage.gaps.map((gap) =>
		`not counted: ${dateTime(gap.from)} to ${dateTime(gap.to)}`);

	if (!coverage.elapsed_seconds)
		return h("span", { class: "quality" }, "nothing is due yet");
	return h("span", { class: `quality ${coverage.share < 1 || loss ? "warn" : "good"}`,
		title: gaps.join("\n") || null },
	`${share(coverage.share)} covered`,
	missing >= 1 && ` (${duration(missing)} missing)`,
	loss ? `; ${loss}` : "; no loss");
}

/** [name, parameters of /history] of the periods that people ask for. */
export function calendar() {
	const now = new Date();
	const at = (offset) => month(new Date(now.getFullYear(), now.getMonth() + offset, 1));

	return [["Today", { day: "today", step: "1d" }],
		["Yesterday", { day: "yesterday", step: "1d" }],
		["This month", { month: at(0), step: "1d" }],
		["Last month", { month: at(-1), step: "1d" }]];
}

function amount(value, type) {
	return h("td", { class: `numeric ${type}`, title: exactBytes(value) }, bytes(value));
}

function speed(value, type, known) {
	return h("td", { class: `numeric ${type}`, title: exactRate(value) },
		known ? rate(value) : "–");
}

// On a narrow screen the quality has a line of its own: it must not scroll out of sight.
function totalsRows(name, history, oneWay) {
	const head = h("th", { scope: "row" }, name);

	if (!history)
		return h("tr", null, head, h("td", { colspan: "7", class: "help" }, "not known"));
	const { up, down } = history.total;
	const { down_bps, up_bps, larger_bps } = history.percentile;
	const has = history.samples > 0;

	head.title = `${dateTime(history.from)} to ${dateTime(history.to)}`;
	return [h("tr", { "data-period": name }, head,
		!oneWay && amount(down.bytes, "down"), amount(up.bytes, "up"),
		!oneWay && amount(BigInt(down.bytes) + BigInt(up.bytes), ""),
		!oneWay && speed(down_bps, "down", has), speed(up_bps, "up", has),
		!oneWay && speed(larger_bps, "low", has),
		h("td", { class: "low" }, quality(history))),
	h("tr", { class: "narrow" }, h("td", { colspan: "8" }, quality(history)))];
}

/** A table of [[name, history or null]…]; oneWay: all of it stands in up. */
export function totalsTable(rows, oneWay) {
	const columns = oneWay ? ["Bytes", "95th"] :
		["Down", "Up", "Total", "95th down", "95th up"];
	const head = (label, type = "numeric") => h("th", { scope: "col", class: type }, label);

	return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Totals" },
		h("table", { class: "totals" }, h("caption", { class: "unseen" }, "Totals"),
			h("thead", null, h("tr", null, head("Period", ""),
				columns.map((label) => head(label)),
				!oneWay && head("95th larger", "numeric low"),
				head("Quality", "low"))),
			h("tbody", null, rows.map(([name, history]) =>
				totalsRows(name, history, oneWay)))));
}

function bytePair({ down, up }, oneWay) {
	const one = (type, sign, value) => h("span", { class: type,
		title: `${type} ${exactBytes(value)}` }, `${sign} ${bytes(value)}`.trim());

	return h("span", { class: "pair" }, !oneWay && [one("down", "↓", down.bytes), " "],
		one("up", oneWay ? "" : "↑", up.bytes));
}

/** What the chart shows, in numbers. */
export function summary(history, oneWay) {
	const has = history.samples > 0;
	const line = (name, known, { down_bps, up_bps }) => fact(name, !known ? "–" :
		oneWay ? h("span", { class: "up" }, rate(up_bps)) : ratePair(down_bps, up_bps));

	return h("dl", { class: "summary" },
		fact("In this range", bytePair(history.total, oneWay)),
		line("Average", history.coverage.seconds > 0, history.average),
		line("Maximum", has, history.maximum),
		line(`${history.percentile.p}th percentile`, has, history.percentile),
		fact("Quality", quality(history)));
}
