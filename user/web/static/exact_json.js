// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON with exact integers. Counters go up to 2^64 - 1, a JavaScript number keeps 2^53: larger
 * integers become BigInt, all others stay numbers.
 */

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
const mark = "\u0000exact";

// No answer has a key like `mark`, and texts of users stand in values alone.
function markLarge(text) {
	if (text[0] === '"' || text.length < 16 || /[.eE]/.test(text))
		return text;
	return Number.isSafeInteger(Number(text)) ? text : `{"\\u0000exact":"${text}"}`;
}

function unmark(key, value) {
	return value && typeof value === "object" && mark in value ? BigInt(value[mark]) : value;
}

/** As JSON.parse, but an integer that a number cannot keep is a BigInt. */
export function parseExact(text) {
	if (!/\d{16}/.test(text))
		return JSON.parse(text);
	return JSON.parse(text.replace(token, markLarge), unmark);
}
