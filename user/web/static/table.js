// SPDX-License-Identifier: GPL-2.0-only
/* A table whose rows are updated in place, so that focus and selection stay where they are. */

import { clear, h, put, set } from "./dom.js";

function classOf(column, more) {
	return [column.class, column.numeric && "numeric", more].filter(Boolean).join(" ");
}

function headCell(column, onSort) {
	const classes = classOf(column);

	if (!column.sort || !onSort)
		return h("th", { scope: "col", class: classes, title: column.title },
			column.label);
	return h("th", { scope: "col", class: classes, title: column.title, "aria-sort": "none" },
		h("button", { type: "button", class: "sort", "data-sort": column.sort,
			onclick: () => onSort(column.sort, column.first ?? "desc") },
		column.label, h("span", { class: "sort-mark", "aria-hidden": "true" })));
}

// A cell's content is {text, title, href, class, node}, or a text alone.
function fillCell(cell, column, row) {
	if (column.draw) {
		column.draw(cell, row);
		return;
	}
	const content = column.cell(row);
	const is = typeof content === "object" && content !== null ? content : { text: content };

	if (is.node) {
		clear(cell, is.node);
		return;
	}
	let target = cell;

	if (is.href) {
		target = cell.firstElementChild ?? cell.appendChild(h("a"));
		if (target.getAttribute("href") !== is.href)
			target.setAttribute("href", is.href);
	}
	put(target, is.text ?? "");
	if ((is.title ?? "") !== cell.title)
		set(cell, "title", is.title);
	if (is.class !== undefined)
		cell.className = classOf(column, is.class);
}

function makeRow(columns) {
	return h("tr", null, columns.map((column) => h(column.head ? "th" : "td", {
		scope: column.head ? "row" : null, class: classOf(column) || null })));
}

/**
 * A table: {caption, columns, key(row), onSort(sort, first order), class}. A column is {label,
 * numeric, sort, first, head, class, title, cell(row) or draw(cell, row)}. Returns {node,
 * setRows(rows), setSort(sort, order), setBusy(is), rows}.
 */
export function makeTable({ caption, columns, key, onSort, class: name }) {
	const body = h("tbody");
	const head = h("tr", null, columns.map((column) => headCell(column, onSort)));
	const table = h("table", { class: name }, h("caption", { class: "unseen" }, caption),
		h("thead", null, head), body);
	const node = h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": caption }, table);
	let known = new Map();

	function setRows(rows) {
		const next = new Map();

		rows.forEach((row, i) => {
			const line = known.get(key(row)) ?? makeRow(columns);

			columns.forEach((column, c) => fillCell(line.cells[c], column, row));
			next.set(key(row), line);
			if (body.rows[i] !== line)
				body.insertBefore(line, body.rows[i] ?? null);
		});
		while (body.rows.length > rows.length)
			body.lastElementChild.remove();
		known = next;
	}

	function setSort(sort, order) {
		columns.forEach((column, i) => {
			const is = column.sort === sort && Boolean(sort);
			const cell = head.cells[i];

			if (!column.sort || !onSort)
				return;
			const up = order === "asc";

			set(cell, "aria-sort", !is ? "none" : up ? "ascending" : "descending");
			put(cell.querySelector(".sort-mark"), !is ? "" : up ? "▲" : "▼");
		});
	}

	return {
		node, setRows, setSort,
		setBusy: (busy) => set(table, "aria-busy", busy ? "true" : null),
		line: (row) => known.get(row),
	};
}

/** First, previous, next, last: pages of `size` rows out of `matched`. */
export function makePager(size, onOffset) {
	const where = h("span", { class: "pager-where", role: "status" });
	const button = (label, sign, to) => h("button", { type: "button", class: "small",
		"aria-label": label, title: label, onclick: () => onOffset(to()) }, sign);
	let offset = 0;
	let matched = 0;
	const last = () => Math.max(0, Math.floor((matched - 1) / size) * size);
	const first = button("First page", "«", () => 0);
	const previous = button("Previous page", "‹", () => Math.max(0, offset - size));
	const next = button("Next page", "›", () => Math.min(last(), offset + size));
	const end = button("Last page", "»", last);

	function show(at, count, text) {
		offset = at;
		matched = count;
		put(where, text);
		first.disabled = previous.disabled = at === 0;
		next.disabled = end.disabled = at >= last();
	}

	show(0, 0, "");
	return { set: show,
		node: h("div", { class: "pager" }, first, previous, where, next, end) };
}
