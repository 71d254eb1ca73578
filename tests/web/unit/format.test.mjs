// SPDX-License-Identifier: GPL-2.0-only
import assert from "node:assert/strict";
import test from "node:test";
import * as format from "../../../user/web/static/format.js";

// What nfm_units_format_count() of the command line makes of the same numbers.
const counts = [
	[0, "0 B"],
	[1, "1 B"],
	[999, "999 B"],
	[1000, "1.00 kB"],
	[1004, "1.00 kB"],
	[1005, "1.01 kB"],
	[9994, "9.99 kB"],
	[9995, "10.0 kB"],
	[12345, "12.3 kB"],
	[99949, "99.9 kB"],
	[99950, "100 kB"],
	[999499, "999 kB"],
	[999500, "1.00 MB"],
	[48000000, "48.0 MB"],
	[1500000000, "1.50 GB"],
	[18446744073709551615n, "18.4 EB"],
	[9007199254740993n, "9.01 PB"],
	[null, "–"],
];

for (const [value, text] of counts)
	test(`${value} is ${text}`, () => assert.equal(format.bytes(value), text));

test("exact numbers show every digit", () => {
	assert.equal(
		format.exact(18446744073709551615n),
		"18 446 744 073 709 551 615".replaceAll(" ", "\u202f"),
	);
	assert.equal(format.exact(999), "999");
	assert.equal(format.exact(1000), "1\u202f000");
});

test("a share is whole only if nothing is missing", () => {
	assert.equal(format.share(1), "100 %");
	assert.equal(format.share(0.99999), "99.99 %");
	assert.equal(format.share(0.5), "50 %");
	assert.equal(format.share(0), "0 %");
	assert.equal(format.share(0.9372), "93.72 %");
});

test("what is there is not shown as nothing", () => {
	assert.equal(format.percent(1, 1e9), "< 0.1 %");
	assert.equal(format.percent(0, 1e9), "0.0 %");
	assert.equal(format.percent(1, 0), "–");
	assert.equal(format.percent(15, 1000), "1.5 %");
});

test("spans of time", () => {
	assert.equal(format.duration(0), "0 s");
	assert.equal(format.duration(59), "59 s");
	assert.equal(format.duration(3661), "1 h 1 min");
	assert.equal(format.duration(3600), "1 h");
	assert.equal(format.duration(90061), "1 d 1 h");
	assert.equal(
		format.ago("2026-11-23T00:00:00Z", Date.parse("2026-11-23T00:02:05Z")),
		"2 min ago",
	);
	assert.equal(format.ago(null), "never");
});

test("sizes of the configuration are powers of 1024", () => {
	assert.equal(format.binary(10737418240), "10 GiB");
	assert.equal(format.binary(1023), "1023 B");
	assert.equal(format.binary(1536), "1.5 KiB");
});
