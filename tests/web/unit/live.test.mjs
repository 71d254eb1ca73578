// SPDX-License-Identifier: GPL-2.0-only
import assert from "node:assert/strict";
import test from "node:test";
import { rises } from "../../../user/web/static/bars.js";
import { exportersOf, splitEvents } from "../../../user/web/static/events.js";
import { missing } from "../../../user/web/static/sparkline.js";
import { collectorAddress, routerCommands } from "../../../user/web/static/router_help.js";

function events(...pieces) {
	const found = [];
	let rest = "";

	for (const piece of pieces)
		rest = splitEvents(rest + piece, (name, data) => found.push([name, data]));
	return [found, rest];
}

test("events come in pieces of any size", () => {
	const whole = 'event: live\ndata: {"a":1}\n\nevent: live\ndata: {"a":2}\n\n';
	const wanted = [
		["live", '{"a":1}'],
		["live", '{"a":2}'],
	];

	assert.deepEqual(events(whole), [wanted, ""]);
	assert.deepEqual(events(...whole), [wanted, ""]);
});

test("comments and unknown fields are passed over, lines of data joined", () => {
	const text = ": hello\n\nid: 7\ndata: a\ndata:b\n\n";

	assert.deepEqual(events(text), [[["message", "a\nb"]], ""]);
});

test("a piece of an event waits for its end", () => {
	assert.deepEqual(events("event: live\ndata: 1\n"), [[], "event: live\ndata: 1\n"]);
});

test("states of exporters, and none", () => {
	assert.deepEqual(exportersOf({ exporters: 2, exporter_list: [1] }), [1]);
	assert.deepEqual(exportersOf({ exporters: 2 }), []);
});

test("rises of a counter fall into their bins; a restart of it is no loss", () => {
	const ring = [5, 7, 7, 2, 3].map((lost, i) => ({ time: 100 + i * 10, lost }));

	assert.deepEqual(rises(ring, 145, 60, 6), [0, 0, 2, 0, 0, 1]);
	assert.deepEqual(rises([], 145, 60, 3), [0, 0, 0]);
	assert.deepEqual(rises(ring, 1000, 60, 3), [0, 0, 0]);
});

test("a step that is not over is not missing", () => {
	const line = { from: 0, step: 300, down_bps: [1, null, 2, null, null] };

	assert.deepEqual(missing(line, 1400), [
		[1, 2],
		[3, 4],
	]);
	assert.deepEqual(missing(line, 1205), [[1, 2]]);
});

test("the collector's address: as configured, as it was reached, or to be filled in", () => {
	const config = (value) => ({ settings: [{ section: "collector", key: "listen", value }] });

	assert.equal(collectorAddress(config("192.0.2.10 2001:db8::1"), "x"), "192.0.2.10");
	assert.equal(collectorAddress(config("*"), "collector.example"), "collector.example");
	assert.equal(collectorAddress(config("*"), "[2001:db8::1]"), "2001:db8::1");
	for (const host of ["localhost", "127.0.0.1", "[::1]"])
		assert.equal(collectorAddress(null, host), "COLLECTOR-ADDRESS");
	assert.match(routerCommands("192.0.2.10", "9995"), /dst-address=192.0.2.10 port=9995 /);
});
