// SPDX-License-Identifier: GPL-2.0-only
import assert from "node:assert/strict";
import test from "node:test";
import * as range from "../../../user/web/static/range.js";

const now = Date.parse("2026-11-23T08:21:40Z") / 1000;

test("the last 24 hours are whole steps of 5 minutes", () => {
	assert.deepEqual(range.presetQuery("24h", now), {
		from: "2026-11-22T08:25:00Z",
		to: "2026-11-23T08:25:00Z",
		step: "5m",
	});
});

test("months are asked for by their name, so that the collector's calendar holds", () => {
	assert.equal(range.presetQuery("last", now).month, "2026-10");
	assert.equal(range.presetQuery("12mo", now).from, "2025-11");
	assert.equal(range.presetQuery("12mo", now).step, "1d");
});

test("an unknown preset is the first", () => {
	assert.deepEqual(range.presetQuery("x", now), range.presetQuery("24h", now));
});

test("a step gives at most some hundreds of points, and none finer than the data", () => {
	for (let length = range.shortest; length <= range.longest; length *= 1.5) {
		const step = range.stepFor(length);

		assert.ok(step.seconds >= 300 && length / step.seconds <= 800, String(length));
	}
	assert.equal(range.stepFor(1000, 2).text, "1m");
	assert.equal(range.stepFor(600, 2).text, "10s");
});

test("zoom keeps the moment under the cursor and stays in the past", () => {
	const half = range.zoom({ from: 0, to: 10000 }, 0.5, 2500, now);

	assert.deepEqual(half, { from: 1250, to: 6250 });
	const out = range.zoom({ from: now - 1000, to: now }, 2, now - 500, now);

	assert.deepEqual(out, { from: now - 2000, to: now });
	assert.equal(range.zoom({ from: 0, to: 700 }, 0.1, 0, now).to, range.shortest);
});

test("pan", () => {
	assert.deepEqual(range.pan({ from: 1000, to: 2000 }, -0.5, now), { from: 500, to: 1500 });
	assert.deepEqual(range.pan({ from: now - 1000, to: now }, 0.5, now), {
		from: now - 1000,
		to: now,
	});
});

function history(gaps, gapCount, points) {
	return {
		from: "1970-01-01T00:00:00Z",
		to: "1970-01-01T01:00:00Z",
		points,
		coverage: {
			gaps: gaps.map(([from, to]) => ({
				from: range.iso(from),
				to: range.iso(to),
			})),
			gap_count: gapCount,
		},
	};
}

test("holes are those that the coverage names", () => {
	assert.deepEqual(
		range.holes(
			history(
				[
					[0, 60],
					[60, 90],
					[200, 300],
				],
				3,
				[],
			),
			now,
		),
		[
			[0, 90],
			[200, 300],
		],
	);
});

test("of more gaps than are named, points without a rate tell; not those still to come", () => {
	const point = (at, bps) => ({ time: range.iso(at), up_bps: bps });
	const points = [point(0, 1), point(1200, null), point(1800, 5), point(2400, null)];

	assert.deepEqual(range.holes(history([[0, 60]], 2, points), 2400), [
		[0, 60],
		[1200, 1800],
	]);
	assert.deepEqual(range.holes(history([[0, 60]], 1, points), 2400), [[0, 60]]);
});
