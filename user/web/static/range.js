// SPDX-License-Identifier: GPL-2.0-only
/* Ranges of time that a chart shows: presets, zoom, and the step that fits. Seconds since 1970. */

import { day, month } from "./format.js";

export const presets = [
	{ key: "24h", label: "24 hours", seconds: 86400 },
	{ key: "7d", label: "7 days", seconds: 7 * 86400 },
	{ key: "30d", label: "30 days", seconds: 30 * 86400 },
	{ key: "12mo", label: "12 months", months: 12 },
	{ key: "month", label: "This month", month: 0 },
	{ key: "last", label: "Last month", month: -1 },
];

export const shortest = 600;
export const longest = 12 * 366 * 86400;

// At most about 700 points, so that steps stay visible.
const steps = [
	[900, "10s", 10],
	[2 * 3600, "1m", 60],
	[32 * 3600, "5m", 300],
	[32 * 86400, "1h", 3600],
	[800 * 86400, "1d", 86400],
	[Infinity, "1mo", 30 * 86400],
];

/** The step for a range of `seconds`, not finer than the data are. */
export function stepFor(seconds, resolution = 300) {
	const [, text, size] = steps.find(([most, , step]) =>
		seconds <= most && step >= resolution);

	return { text, seconds: size };
}

function monthBegin(now, offset) {
	const date = new Date(now * 1000);

	return new Date(date.getFullYear(), date.getMonth() + offset, 1);
}

/** What to ask the history for: {from, to, step} as its parameters. */
export function presetQuery(key, now) {
	const preset = presets.find((one) => one.key === key) ?? presets[0];

	if (preset.month !== undefined)
		return { month: month(monthBegin(now, preset.month)), step: "1h" };
	if (preset.months)
		return { from: month(monthBegin(now, -preset.months)), to: "now", step: "1d" };
	const step = stepFor(preset.seconds);
	const to = Math.ceil(now / step.seconds) * step.seconds;

	return { from: iso(to - preset.seconds), to: iso(to), step: step.text };
}

/** The same for a range by its ends, which are moved outwards to whole steps. */
export function rangeQuery(from, to, resolution = 300) {
	const step = stepFor(to - from, resolution);

	if (step.seconds >= 86400)
		return { from: day(from * 1000), to: day((to + 86399) * 1000), step: step.text };
	return {
		from: iso(Math.floor(from / step.seconds) * step.seconds),
		to: iso(Math.ceil(to / step.seconds) * step.seconds),
		step: step.text,
	};
}

export function iso(seconds) {
	return new Date(seconds * 1000).toISOString().replace(".000", "");
}

/** A range of another length around a moment, which stays where it is; never beyond `now`. */
export function zoom(range, factor, at, now) {
	const length = Math.min(longest, Math.max(shortest, (range.to - range.from) * factor));
	const part = (at - range.from) / (range.to - range.from);

	return inPast({ from: at - part * length, to: at - part * length + length }, now);
}

/** A range moved by a part of its length. */
export function pan(range, part, now) {
	const by = (range.to - range.from) * part;

	return inPast({ from: range.from + by, to: range.to + by }, now);
}

function inPast(range, now) {
	const over = Math.max(0, range.to - now);

	return { from: Math.round(range.from - over), to: Math.round(range.to - over) };
}

/**
 * Where nothing was counted, as [from, to] in order, without overlaps: what the coverage says, and
 * the points without a rate that are over by `due` (of many gaps the coverage names the first).
 */
export function holes(history, due) {
	const found = history.coverage.gaps.map((gap) => [seconds(gap.from), seconds(gap.to)]);
	const end = seconds(history.to);

	if (history.coverage.gap_count > found.length) {
		history.points.forEach((point, i) => {
			const next = history.points[i + 1];
			const to = next ? seconds(next.time) : end;

			if (point.up_bps === null && to <= due)
				found.push([seconds(point.time), to]);
		});
	}
	return merge(found);
}

/** Ranges [from, to] in order, those that touch or overlap made one. */
export function merge(ranges) {
	const out = [];

	for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
		const last = out[out.length - 1];

		if (last && from <= last[1])
			last[1] = Math.max(last[1], to);
		else if (to > from)
			out.push([from, to]);
	}
	return out;
}

export function seconds(time) {
	return Date.parse(time) / 1000;
}
