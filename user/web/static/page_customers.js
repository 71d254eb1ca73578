// SPDX-License-Identifier: GPL-2.0-only
/* All customers: searched, sorted and cut by the collector, a hundred at a time. */

import { download, get, within } from "./api.js";
import { palette, whenThemeChanges } from "./chart.js";
import { liveColumns, reportColumns } from "./customer_columns.js";
import { clear, debounce, fail, h, notice, put, repeat, set, smallButton } from "./dom.js";
import { dateTime, exact, month, share } from "./format.js";
import { seconds } from "./range.js";
import { nothingYet } from "./router_help.js";
import { drawSparkline } from "./sparkline.js";
import { makePager, makeTable } from "./table.js";

const size = 100;
const refresh = 5000; // ms
const sparkAge = 60000;

const periods = [
	{ key: "", label: "Live, since the start" },
	{ key: "today", label: "Today", query: () => ({ day: "today" }) },
	{ key: "yesterday", label: "Yesterday", query: () => ({ day: "yesterday" }) },
	{ key: "month", label: "This month", query: () => ({ month: monthName(0) }) },
	{ key: "last", label: "Last month", query: () => ({ month: monthName(-1) }) },
];

function monthName(offset) {
	const now = new Date();

	return month(new Date(now.getFullYear(), now.getMonth() + offset, 1));
}

/** What the hash says: search, order, place. */
function wish(query) {
	const period = periods.find((one) => one.key === query.get("period")) ?? periods[0];

	return { q: query.get("q") ?? "", period,
		sort: query.get("sort") ?? (period.key ? "total" : "bps"),
		order: query.get("order") ?? "desc",
		offset: Math.max(0, Number(query.get("offset")) || 0) };
}

function request({ q, period, sort, order, offset }) {
	return [period.key ? "report" : "show",
		{ ...period.query?.(), q, sort, order, offset, limit: size }];
}

/** Lines of the visible rows; asked for again when they are a minute old. */
class Sparks {
	constructor(signal) {
		this.signal = signal;
		this.lines = new Map(); // id → line
		this.cells = new Map(); // id → cell
		this.key = "";
		this.asked = 0;
		whenThemeChanges(() => this.redraw(), signal);
	}

	redraw() {
		const colors = palette();

		for (const [id, cell] of this.cells) {
			if (cell.isConnected)
				drawSparkline(cell, this.lines.get(id), colors);
			else
				this.cells.delete(id);
		}
	}

	async load(ids) {
		const key = ids.join("\n");

		if (!ids.length || (key === this.key && Date.now() - this.asked < sparkAge))
			return;
		this.key = key;
		this.asked = Date.now();
		try {
			const answer = await get("sparklines", { id: ids }, this.signal);

			const scale = { from: seconds(answer.from), step: answer.step_seconds };

			this.lines = new Map(answer.customers.map((line) =>
				[line.id, { ...line, ...scale }]));
			this.redraw();
		} catch (error) { // the table says what is wrong
			if (error.status === undefined && error.name !== "AbortError")
				throw error;
		}
	}

	draw(cell, row) {
		if (this.cells.get(row.id) === cell)
			return;
		this.cells.set(row.id, cell);
		drawSparkline(cell, this.lines.get(row.id));
	}
}

async function saveCsv(button, now) {
	const [path, query] = request(now);

	button.disabled = true;
	try {
		await download(path, { ...query, offset: null, limit: null, format: "csv" },
			`nfmeter-customers-${now.period.key || "now"}.csv`);
	} catch (error) {
		put(button, error.message);
	}
	button.disabled = false;
}

/** Search, period, CSV and pages; now() is what is shown. */
function makeBar(setQuery, now) {
	const search = h("input", { type: "search", id: "search", autocomplete: "off",
		placeholder: "Name, id or address", spellcheck: "false",
		"aria-keyshortcuts": "/" });
	const period = h("select", { id: "period", onchange: () => setQuery({
		period: period.value, sort: null, order: null, offset: null }, true) },
	periods.map((one) => h("option", { value: one.key }, one.label)));
	const pager = makePager(size, (offset) => setQuery({ offset: offset || null }, true));
	const csv = smallButton("CSV", () => saveCsv(csv, now()));

	search.addEventListener("input", debounce(() => setQuery({ q: search.value.trim(),
		offset: null }), 200));
	return { search, period, pager, node: h("div", { class: "toolbar", role: "search" },
		h("label", { for: "search", class: "unseen" }, "Search customers"), search,
		h("label", { for: "period", class: "unseen" }, "Period"), period, csv,
		pager.node) };
}

function describeRange({ period }, answer) {
	if (!period.key)
		return `Totals since ${dateTime(answer.since)}.`;
	const lost = [[answer.coverage.lost_records, "records"],
		[answer.coverage.lost_datagrams, "datagrams"]].filter(([n]) => n)
		.map(([n, name]) => `${exact(n)} ${name}`).join(" and ");

	return `${dateTime(answer.from)} to ${dateTime(answer.to)}: ` +
		`${share(answer.coverage.share)} covered, ${lost || "nothing"} lost.`;
}

class CustomersPage {
	constructor(content, { signal, query, setQuery }) {
		this.signal = signal;
		this.setQuery = setQuery;
		this.now = wish(query);
		this.sparks = new Sparks(signal);
		this.bar = makeBar(setQuery, () => this.now);
		this.info = h("p", { class: "help" });
		this.place = h("div", { class: "table-place", hidden: true });
		this.trouble = h("div");
		content.append(h("h1", null, "Customers"), this.bar.node, this.trouble, this.place,
			this.info);
		document.addEventListener("keydown", (event) => this.slash(event), { signal });
	}

	slash(event) {
		if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName))
			return;
		event.preventDefault();
		this.bar.search.focus();
	}

	sortBy(sort, first) {
		const order = this.now.sort !== sort ? first :
			this.now.order === "asc" ? "desc" : "asc";

		this.setQuery({ sort, order, offset: null });
	}

	// The table of live values and that of a period have other columns.
	makeTable() {
		const kind = this.now.period.key ? "report" : "live";

		if (this.kind === kind)
			return;
		this.kind = kind;
		this.table = makeTable({ caption: "Customers", class: "customers",
			key: (row) => row.id,
			columns: kind === "report" ? reportColumns() :
				liveColumns((cell, row) => this.sparks.draw(cell, row)),
			onSort: (sort, first) => this.sortBy(sort, first) });
		clear(this.place, this.table.node);
	}

	async show(answer) {
		const { now } = this;
		const last = now.offset + answer.customers.length;

		this.table.setRows(answer.customers);
		set(this.place, "hidden", answer.matched === 0);
		this.bar.pager.set(now.offset, answer.matched, !answer.matched ? "none" :
			`${exact(now.offset + 1)}–${exact(last)} of ${exact(answer.matched)}`);
		put(this.info, describeRange(now, answer));
		clear(this.trouble, answer.matched ? null : now.q ?
			notice("empty", `No customer matches “${now.q}”`,
				"A search looks at ids, names and prefixes.") :
			now.period.key ? notice("empty", "Nobody had traffic in this time") :
				await nothingYet(this.signal));
		if (this.kind === "live")
			await this.sparks.load(answer.customers.map((row) => row.id));
	}

	async load() {
		this.running?.abort();
		const mine = this.running = within(this.signal);
		const [path, parameters] = request(this.now);

		try {
			const answer = await get(path, parameters, mine.signal);

			if (answer.matched && this.now.offset >= answer.matched)
				this.setQuery({ offset: null });
			else
				await this.show(answer);
		} catch (error) {
			fail(this.trouble, "The customers cannot be read", error);
		}
		if (this.running === mine)
			this.table.setBusy(false);
	}

	update(query) {
		this.now = wish(query);
		this.makeTable();
		this.table.setSort(this.now.sort, this.now.order);
		this.table.setBusy(true);
		if (document.activeElement !== this.bar.search)
			this.bar.search.value = this.now.q;
		this.bar.period.value = this.now.period.key;
		return this.load();
	}
}

export function customersPage(content, context) {
	const page = new CustomersPage(content, context);

	page.update(context.query);
	repeat(() => page.now.period.key ? null : page.load(), refresh, context.signal, refresh);
	return (query) => page.update(query);
}
