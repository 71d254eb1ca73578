// SPDX-License-Identifier: GPL-2.0-only
/* One customer, or the traffic of nobody: rates over time, totals, percentiles, coverage. */

import { get, within } from "./api.js";
import { Chart, legend, ratePair, stepText } from "./chart.js";
import { calendar, summary, totalsTable } from "./customer_numbers.js";
import { chartTools, downloads } from "./customer_tools.js";
import { clear, fact, fail, h, panel, put, repeat, set, swap } from "./dom.js";
import { customerForm } from "./forms.js";
import { ago, dateTime, exact, rate, share } from "./format.js";
import { holes, presetQuery, rangeQuery, seconds } from "./range.js";

const kinds = {
	unmatched: ["Traffic of no customer", "Records whose addresses are in no customer's " +
		"prefixes. Everything stands as up. Is a customer or a prefix missing?"],
	local: ["Traffic between customers", "Records with a customer on both sides: they stand " +
		"in both customers' counters. Everything stands as up."],
};
const chartRefresh = 60000; // ms
const totalsRefresh = 300000;
const nowRefresh = 3000;
const hint = "Drag to zoom. Keys: ← → read, + − zoom, Shift ← → move, 0 back";
const touchHint = "Touch the chart to read it";

/** What the hash asks for, as parameters of the history. */
function wish(query, resolution) {
	const from = Number(query.get("from"));
	const to = Number(query.get("to"));

	if (from > 0 && to > from)
		return { zoomed: true, key: null, parameters: rangeQuery(from, to, resolution) };
	const key = query.get("range") ?? "24h";

	return { zoomed: false, key, parameters: presetQuery(key, Date.now() / 1000) };
}

/** Times and rates; one point more than there are, so that the last step has a width. */
function chartData({ points, to }, oneWay) {
	const number = (value) => value === null ? null : Number(value);
	const last = points[points.length - 1];
	const all = last ? [...points, { ...last, time: to }] : [];

	return [all.map((point) => seconds(point.time)),
		all.map((point) => oneWay ? null : number(point.down_bps)),
		all.map((point) => number(point.up_bps))];
}

function levels({ percentile, samples }, oneWay) {
	const level = (value, sign, color, dash) => ({ value: Number(value), color, dash,
		text: `${percentile.p}th ${sign} ${rate(value)}` });

	return !samples ? [] : [!oneWay && level(percentile.down_bps, "↓", "down", [7, 4]),
		level(percentile.up_bps, "↑", "up", [2, 3])].filter(Boolean);
}

/** What the chart says of the point under the cursor. */
function describePoint(history, index, oneWay) {
	const at = Math.min(index ?? -1, (history?.points.length ?? 0) - 1);
	const point = history?.points[at];

	if (!point)
		return matchMedia("(pointer: coarse)").matches ? touchHint : hint;
	const from = seconds(point.time);
	const to = seconds(history.points[at + 1]?.time ?? history.to);
	const part = point.covered_seconds / (to - from);
	const lost = point.lost_records + point.lost_datagrams;
	const rates = point.up_bps === null ? "not counted" : oneWay ? rate(point.up_bps) :
		`↓ ${rate(point.down_bps)}  ↑ ${rate(point.up_bps)}`;

	return [stepText(from, to), rates, part < 1 && part > 0 && `${share(part)} covered`,
		lost && `${exact(lost)} lost`].filter(Boolean).join("   ");
}

function whoFacts(row) {
	return h("dl", { class: "facts who" },
		fact("Now", ratePair(row.down_bps, row.up_bps)),
		fact("Last seen", h("span", { title: dateTime(row.last_seen, true) },
			ago(row.last_seen))),
		fact("Id", row.id),
		fact("Prefixes", h("span", { class: "prefixes" },
			row.prefixes.join("  ") || "none"), "wide"));
}

class CustomerPage {
	constructor(content, context) {
		this.context = context;
		this.signal = context.signal;
		this.kind = context.kind;
		this.id = context.kind ?? context.id;
		this.oneWay = Boolean(context.kind);
		this.subject = context.kind ? { kind: this.id } : { id: this.id };
		this.history = null; // as shown
		this.wanted = null; // what the hash asks for
		this.row = null; // of /show
		this.title = h("h1", { class: "name" }, kinds[this.kind]?.[0] ?? this.id);
		this.who = h("div");
		this.trouble = h("div");
		this.result = h("div");
		this.totals = h("div", { class: "loading" }, "Loading totals…");
		this.makeChart();
		this.draw(content);
	}

	makeChart() {
		this.chart = new Chart({ height: 320, stepped: true,
			label: `Rates of ${this.id} over time`,
			zoomed: (from, to) => this.zoomTo({ from, to }),
			describe: (index) => describePoint(this.history, index, this.oneWay),
		}, this.signal);
		this.tools = chartTools({ chart: this.chart, setQuery: this.context.setQuery,
			zoomTo: (range) => this.zoomTo(range),
			range: () => this.history && { from: seconds(this.history.from),
				to: seconds(this.history.to) } });
	}

	draw(content) {
		const marks = [...this.kind ? [] : ["down"], "up", "hole", "level"];

		if (this.context.me.role === "admin" && !this.kind)
			this.edit = h("details", { class: "edit" },
				h("summary", null, "Change this customer"), h("div"));
		content.append(h("div", { class: "title-line" }, this.title, downloads(this)),
			this.kind ? h("p", { class: "help" }, kinds[this.kind]?.[1] ?? "") :
				this.who,
			this.trouble,
			h("section", { class: "panel", "aria-label": "Rates" }, this.tools.node,
				this.chart.node, legend(marks, "Not counted"), this.result),
			panel("Totals", this.totals), this.edit ?? "");
	}

	zoomTo({ from, to }) {
		this.context.setQuery({ from: Math.floor(from), to: Math.ceil(to), range: null },
			true);
	}

	setName(name) {
		put(this.title, name);
		this.context.setTitle(name);
	}

	show() {
		const { history, wanted } = this;
		const due = seconds(history.from) + history.coverage.elapsed_seconds;

		clear(this.trouble);
		this.setName(kinds[this.kind]?.[0] ?? (history.name || this.row?.name || this.id));
		this.chart.set({ data: chartData(history, this.oneWay), from: seconds(history.from),
			to: seconds(history.to), holes: holes(history, due),
			levels: levels(history, this.oneWay) });
		this.chart.showReadout(this.chart.plot?.cursor.idx);
		swap(this.result, summary(history, this.oneWay));
		this.tools.show({ key: wanted.key, zoomed: wanted.zoomed, from: history.from,
			to: history.to, step: history.step_seconds });
	}

	async load() {
		this.running?.abort();
		const mine = this.running = within(this.signal);

		set(this.chart.node, "aria-busy", "true");
		try {
			this.history = await get("history", { ...this.subject,
				...this.wanted.parameters }, mine.signal);
			this.show();
		} catch (error) {
			fail(this.trouble, error.status === 404 ? "No such customer" :
				"The history cannot be read", error);
		}
		if (this.running === mine)
			set(this.chart.node, "aria-busy", null);
	}

	update(query) {
		this.wanted = wish(query, this.history?.resolution_seconds || 300);
		return this.load();
	}

	/** The newest of a range that ends now; a zoomed one stays. */
	refresh() {
		return this.wanted.zoomed ? null :
			this.update(new URLSearchParams({ range: this.wanted.key }));
	}

	async loadTotals() {
		const rows = await Promise.all(calendar().map(async ([name, query]) => [name,
			await get("history", { ...this.subject, ...query }, this.signal)
				.catch(() => null)]));

		if (!this.signal.aborted)
			clear(this.totals, totalsTable(rows, this.oneWay)).classList
				.remove("loading");
	}

	async loadWho() {
		try {
			const answer = await get("show", { id: this.id }, this.signal);
			const [row] = answer.customers;

			if (!row)
				return;
			if (!this.row)
				this.edit?.lastElementChild.append(customerForm(row,
					() => this.loadWho()));
			this.row = row;
			this.setName(row.name || row.id);
			swap(this.who, whoFacts(row));
		} catch (error) {
			if (error.status !== 404) // the history says so
				fail(this.who, "Its state cannot be read", error);
		}
	}
}

export function customerPage(content, context) {
	const page = new CustomerPage(content, context);

	page.update(context.query);
	repeat(() => page.refresh(), chartRefresh, context.signal, chartRefresh);
	repeat(() => page.loadTotals(), totalsRefresh, context.signal);
	if (!page.kind)
		repeat(() => page.loadWho(), nowRefresh, context.signal);
	return (query) => page.update(query);
}
