// SPDX-License-Identifier: GPL-2.0-only
/* All customers: searched, sorted and cut by the collector, a hundred at a time. */

import { download, get } from "./api.js";
import { palette, whenThemeChanges } from "./chart.js";
import { clear, debounce, fail, h, notice, put, repeat, set } from "./dom.js";
import {
	ago,
	bytes,
	dateTime,
	exact,
	exactBytes,
	exactRate,
	month,
	rate,
	share,
} from "./format.js";
import { nothingYet } from "./router_help.js";
import { drawSparkline } from "./sparkline.js";
import { makePager, makeTable } from "./table.js";

const size = 100;
const refresh = 5000; // ms
const sparkAge = 60000;

const link = (row) => `#/customers/${encodeURIComponent(row.id)}`;

const who = [
	{
		label: "Customer",
		head: true,
		sort: "name",
		first: "asc",
		cell: (row) => ({ text: row.name || row.id, href: link(row) }),
	},
	{ label: "Id", sort: "id", first: "asc", class: "low id", cell: (row) => row.id },
];

function number(label, sort, value, text, exactly, type, more = {}) {
	return {
		label,
		sort,
		numeric: true,
		...more,
		cell: (row) => ({
			text: text(value(row)),
			title: exactly(value(row)),
			class: type,
		}),
	};
}

const liveColumns = (sparks) => [
	...who,
	number("Down now", "down_bps", (row) => row.down_bps, rate, exactRate, "down"),
	number("Up now", "up_bps", (row) => row.up_bps, rate, exactRate, "up"),
	{ label: "Last 2 hours", class: "low", draw: sparks.draw },
	number("Down", "down", (row) => row.down.bytes, bytes, exactBytes, ""),
	number("Up", "up", (row) => row.up.bytes, bytes, exactBytes, ""),
	{
		label: "Last seen",
		sort: "last_seen",
		numeric: true,
		class: "low",
		cell: (row) => ({ text: ago(row.last_seen), title: dateTime(row.last_seen, true) }),
	},
	{
		label: "Prefixes",
		class: "lowest prefixes",
		cell: (row) => ({
			text:
				row.prefixes.length > 2
					? `${row.prefixes.slice(0, 2).join(" ")} +${row.prefixes.length - 2}`
					: row.prefixes.join(" "),
			title: row.prefixes.join("\n"),
		}),
	},
];

const reportColumns = () => [
	...who.map((column) => (column.sort === "name" ? { ...column, sort: null } : column)),
	number("Down", "down", (row) => row.down.bytes, bytes, exactBytes, "down"),
	number("Up", "up", (row) => row.up.bytes, bytes, exactBytes, "up"),
	number(
		"Total",
		"total",
		(row) => BigInt(row.down.bytes) + BigInt(row.up.bytes),
		bytes,
		exactBytes,
		"",
	),
	number("Avg down", null, (row) => row.average.down_bps, rate, exactRate, "", {
		class: "low",
	}),
	number("Max down", null, (row) => row.maximum.down_bps, rate, exactRate, "", {
		class: "low",
	}),
	number("95th down", null, (row) => row.percentile.down_bps, rate, exactRate, ""),
	number("95th up", null, (row) => row.percentile.up_bps, rate, exactRate, ""),
	number(
		"95th larger",
		"percentile",
		(row) => row.percentile.larger_bps,
		rate,
		exactRate,
		"",
	),
];

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

/** Lines of the visible rows; asked for again when they are a minute old. */
function makeSparks(signal) {
	const lines = new Map(); // id → line
	let drawn = new Map(); // id → cell
	let asked = 0;
	let key = "";

	whenThemeChanges(() => redraw(), signal);

	function redraw() {
		const colors = palette();

		for (const [id, cell] of drawn) drawSparkline(cell, lines.get(id), colors);
	}

	async function load(ids) {
		const wanted = ids.join("\n");

		if (!ids.length || (wanted === key && Date.now() - asked < sparkAge)) return;
		key = wanted;
		asked = Date.now();
		const answer = await get("sparklines", { id: ids }, signal);

		lines.clear();
		for (const line of answer.customers) lines.set(line.id, line);
		redraw();
	}

	return {
		load: (ids) =>
			load(ids).catch((error) => {
				key = error.status ? key : "";
			}),
		clear: () => {
			drawn = new Map();
		},
		draw(cell, row) {
			if (drawn.get(row.id) === cell) return;
			drawn.set(row.id, cell);
			drawSparkline(cell, lines.get(row.id));
		},
	};
}

/** What the hash says: search, order, place. */
function wish(query) {
	const period = periods.find((one) => one.key === query.get("period")) ?? periods[0];

	return {
		q: query.get("q") ?? "",
		period,
		sort: query.get("sort") ?? (period.key ? "total" : "bps"),
		order: query.get("order") ?? "desc",
		offset: Math.max(0, Number(query.get("offset")) || 0),
	};
}

function request({ q, period, sort, order, offset }) {
	return [
		period.key ? "report" : "show",
		{ ...period.query?.(), q, sort, order, offset, limit: size },
	];
}

function controls({ setQuery, offset, wanted }) {
	const search = h("input", {
		type: "search",
		id: "search",
		placeholder: "Name, id or address",
		autocomplete: "off",
		spellcheck: "false",
		"aria-keyshortcuts": "/",
	});
	const period = h(
		"select",
		{
			id: "period",
			onchange: () =>
				setQuery(
					{
						period: period.value,
						sort: null,
						order: null,
						offset: null,
					},
					true,
				),
		},
		periods.map((one) => h("option", { value: one.key }, one.label)),
	);
	const pager = makePager(size, offset);
	const csv = h("button", { type: "button", class: "small", onclick: save }, "CSV");

	search.addEventListener(
		"input",
		debounce(() => setQuery({ q: search.value.trim(), offset: null }), 200),
	);

	async function save() {
		const [path, query] = request(wanted());

		csv.disabled = true;
		await download(
			path,
			{ ...query, offset: null, limit: null, format: "csv" },
			`nfmeter-customers-${wanted().period.key || "now"}.csv`,
		).catch((error) => put(csv, error.message));
		csv.disabled = false;
	}
	return {
		search,
		period,
		pager,
		node: h(
			"div",
			{ class: "toolbar" },
			h("label", { for: "search", class: "unseen" }, "Search customers"),
			search,
			h("label", { for: "period", class: "unseen" }, "Period"),
			period,
			csv,
			pager.node,
		),
	};
}

function describeRange({ period }, answer) {
	if (!period.key) return `Totals since ${dateTime(answer.since)}.`;
	const lost = [
		[answer.coverage.lost_records, "records"],
		[answer.coverage.lost_datagrams, "datagrams"],
	]
		.filter(([n]) => n)
		.map(([n, name]) => `${exact(n)} ${name}`)
		.join(" and ");

	return (
		`${dateTime(answer.from)} to ${dateTime(answer.to)}: ` +
		`${share(answer.coverage.share)} covered, ${lost || "nothing"} lost.`
	);
}

function emptyText(q) {
	return q
		? notice(
				"empty",
				`No customer matches “${q}”`,
				"A search looks at ids, names and prefixes.",
			)
		: null;
}

export function customersPage(content, { signal, query, setQuery }) {
	const sparks = makeSparks(signal);
	let now = wish(query);
	let table = null;
	let shown = null; // kind of the table: live or report
	let running = null;
	const bar = controls({
		setQuery,
		wanted: () => now,
		offset: (offset) => setQuery({ offset: offset || null }, true),
	});
	const info = h("p", { class: "help" });
	const place = h("div", { class: "table-place" });
	const trouble = h("div");

	content.append(h("h1", null, "Customers"), bar.node, trouble, place, info);
	document.addEventListener(
		"keydown",
		(event) => {
			if (
				event.key === "/" &&
				!/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
			) {
				event.preventDefault();
				bar.search.focus();
			}
		},
		{ signal },
	);

	function makeIts() {
		const kind = now.period.key ? "report" : "live";

		if (shown === kind) return;
		shown = kind;
		sparks.clear();
		table = makeTable({
			caption: "Customers",
			class: "customers",
			key: (row) => row.id,
			columns: kind === "live" ? liveColumns(sparks) : reportColumns(),
			onSort: (sort, first) =>
				setQuery({
					sort,
					offset: null,
					order:
						now.sort !== sort
							? first
							: now.order === "asc"
								? "desc"
								: "asc",
				}),
		});
		clear(place, table.node);
	}

	async function show(answer) {
		const last = answer.offset + answer.customers.length;

		table.setRows(answer.customers);
		clear(trouble, answer.matched ? null : emptyText(now.q));
		set(place, "hidden", answer.matched === 0);
		bar.pager.set(
			now.offset,
			answer.matched,
			answer.matched
				? `${exact(now.offset + 1)}–${exact(last)} of ${exact(answer.matched)}`
				: "none",
		);
		put(info, describeRange(now, answer));
		if (!answer.matched && !now.q) clear(trouble, await nothingYet(signal));
		else if (shown === "live") sparks.load(answer.customers.map((row) => row.id));
	}

	async function load() {
		running?.abort();
		const mine = (running = new AbortController());
		const [path, parameters] = request(now);

		try {
			const answer = await get(
				path,
				parameters,
				AbortSignal.any([signal, mine.signal]),
			);

			if (answer.matched && now.offset >= answer.matched)
				setQuery({ offset: null });
			else await show({ ...answer, offset: now.offset });
		} catch (error) {
			fail(trouble, "The customers cannot be read", error);
		}
		if (running === mine) table.setBusy(false);
	}

	function update(next) {
		now = wish(next);
		makeIts();
		table.setSort(now.sort, now.order);
		table.setBusy(true);
		if (document.activeElement !== bar.search) bar.search.value = now.q;
		bar.period.value = now.period.key;
		return load();
	}

	update(query).then(() => repeat(() => (now.period.key ? null : load()), refresh, signal));
	return update;
}
