// SPDX-License-Identifier: GPL-2.0-only
import assert from "node:assert/strict";
import test from "node:test";
import { parseExact } from "../../../user/web/static/exact_json.js";

test("integers up to 2^64 - 1 keep every digit", () => {
	assert.equal(parseExact('{"bytes":18446744073709551615}').bytes, 18446744073709551615n);
	assert.equal(parseExact("9007199254740993"), 9007199254740993n);
	assert.equal(parseExact("-9007199254740993"), -9007199254740993n);
});

test("what a number keeps stays a number", () => {
	assert.equal(parseExact("9007199254740991"), 9007199254740991);
	assert.equal(parseExact("[1, 2.5, -3e2]")[2], -300);
	assert.equal(parseExact("0.1234567890123456789"), 0.1234567890123456789);
	assert.equal(parseExact("12345678901234567890e1"), 12345678901234567890e1);
});

test("texts are never touched", () => {
	const name = 'no. 18446744073709551615 "quoted" \\ {"\u0000exact":"1"}';
	const answer = parseExact(
		JSON.stringify({ name, n: 0 }).replace(":0}", ":18446744073709551614}"),
	);

	assert.equal(answer.name, name);
	assert.equal(answer.n, 18446744073709551614n);
});

test("what is no JSON is refused", () => {
	assert.throws(() => parseExact('{"bytes":18446744073709551615'), SyntaxError);
	assert.throws(() => parseExact("nothing"), SyntaxError);
});
