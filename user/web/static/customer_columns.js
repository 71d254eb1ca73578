// SPDX-License-Identifier: GPL-2.0-only
/* Columns of the table of customers: live, or of a period that is over. */

import { ago, bytes, dateTime, exactBytes, exactRate, rate } from "./format.js";

const link = (row) => `#/customers/${encodeURIComponent(row.id)}`;

const nameColumn = { label: "Customer", head: true, sort: "name", first: "asc",
	cell: (row) => ({ text: row.name || row.id, href: link(row) }) };
const idColumn = { label: "Id", sort: "id", first: "asc", class: "low id", cell: (row) => row.id };

function speed(label, value, more) {
	return { label, numeric: true, ...more, cell: (row) => ({ text: rate(value(row)),
		title: exactRate(value(row)), class: more?.type }) };
}

function amount(label, value, more) {
	return { label, numeric: true, ...more, cell: (row) => ({ text: bytes(value(row)),
		title: exactBytes(value(row)), class: more?.type }) };
}

function prefixText({ prefixes }) {
	const more = prefixes.length > 2 ? ` +${prefixes.length - 2}` : "";

	return { text: prefixes.slice(0, 2).join(" ") + more, title: prefixes.join("\n") };
}

const down = (row) => row.down.bytes;
const up = (row) => row.up.bytes;

/** Rates now, and totals since the table was made. `draw` fills a cell with its sparkline. */
export function liveColumns(draw) {
	return [nameColumn, idColumn,
		speed("Down now", (row) => row.down_bps, { sort: "down_bps", type: "down" }),
		speed("Up now", (row) => row.up_bps, { sort: "up_bps", type: "up" }),
		{ label: "Last 2 hours", class: "low", draw },
		amount("Down", down, { sort: "down" }), amount("Up", up, { sort: "up" }),
		{ label: "Last seen", sort: "last_seen", numeric: true, class: "low",
			cell: (row) => ({ text: ago(row.last_seen),
				title: dateTime(row.last_seen, true) }) },
		{ label: "Prefixes", class: "lowest prefixes", cell: prefixText }];
}

/** Of /report, whose orders are fewer. */
export function reportColumns() {
	return [{ ...nameColumn, sort: null }, idColumn,
		amount("Down", down, { sort: "down", type: "down" }),
		amount("Up", up, { sort: "up", type: "up" }),
		amount("Total", (row) => BigInt(down(row)) + BigInt(up(row)), { sort: "total" }),
		speed("Avg down", (row) => row.average.down_bps, { class: "low" }),
		speed("Max down", (row) => row.maximum.down_bps, { class: "low" }),
		speed("95th down", (row) => row.percentile.down_bps),
		speed("95th up", (row) => row.percentile.up_bps),
		speed("95th larger", (row) => row.percentile.larger_bps, { sort: "percentile" })];
}
