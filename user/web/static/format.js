// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, times and spans as people read them; the same digits as the command line prints. */

const prefixes = ["", "k", "M", "G", "T", "P", "E"];
const narrow = "\u202f"; // between groups of three digits, and never at the end of a line
const dash = "–";

function pad(number) {
	return String(number).padStart(2, "0");
}

/** An integer (number or BigInt) with a decimal prefix and three digits: "1.50 GB". */
export function count(value, unit = "") {
	if (value === null || value === undefined)
		return dash;
	const whole = typeof value === "bigint" ? value : BigInt(Math.round(value));
	if (whole < 1000n)
		return unit ? `${whole} ${unit}` : String(whole);
	let power = 0;
	let divisor = 1n;

	for (; whole / divisor >= 1000n; divisor *= 1000n)
		power++;
	const head = whole / divisor;
	let decimals = head >= 100n ? 0 : head >= 10n ? 1 : 2;
	const step = divisor / 10n ** BigInt(decimals);
	let digits = whole / step + (whole % step >= step / 2n ? 1n : 0n);

	if (digits === 1000n) { // rounded up to a fourth digit: 999.9 k is 1.00 M
		digits = 100n;
		power += decimals === 0 ? 1 : 0;
		decimals = decimals ? decimals - 1 : 2;
	}
	const text = (Number(digits) / 10 ** decimals).toFixed(decimals);

	return `${text} ${prefixes[power]}${unit}`;
}

export const bytes = (value) => count(value, "B");
export const rate = (value) => count(value, "b/s");

/** A size that is a power of 1024 in the configuration: "10 GiB". */
export function binary(value) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let number = Number(value);
	let power = 0;

	for (; number >= 1024 && power < units.length - 1; number /= 1024)
		power++;
	const rounded = number < 100 ? Number(number.toPrecision(3)) : Math.round(number);

	return `${rounded} ${units[power]}`;
}

/** Every digit, in groups of three. */
export function exact(value) {
	if (value === null || value === undefined)
		return dash;
	return String(value).replace(/\B(?=(\d{3})+$)/g, narrow);
}

export const exactBytes = (value) => `${exact(value)} bytes`;
export const exactRate = (value) => `${exact(value)} bit/s`;

/** A part of 1, rounded down: 100 % only if it is whole. */
export function share(part) {
	if (part === null || part === undefined || Number.isNaN(part))
		return dash;
	const hundredths = Math.floor(part * 10000 + 1e-9);

	return `${hundredths % 100 ? (hundredths / 100).toFixed(2) : hundredths / 100} %`;
}

/** Of a whole, to one decimal; what is there is never shown as 0. */
export function percent(part, whole) {
	if (!whole)
		return dash;
	const value = 100 * part / whole;

	return part && value < 0.1 ? "< 0.1 %" : `${value.toFixed(value < 10 ? 1 : 0)} %`;
}

const spans = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** "2 h 5 min": the two largest parts. */
export function duration(seconds) {
	let left = Math.max(0, Math.round(seconds));
	const parts = [];

	for (const [size, name] of spans) {
		const number = Math.floor(left / size);

		left -= number * size;
		if (number)
			parts.push(`${number} ${name}`);
		else if (parts.length)
			break;
		if (parts.length === 2)
			break;
	}
	return parts.join(" ") || "0 s";
}

/** "2026-11-23" in the browser's zone, as the command line writes it. */
export function day(when) {
	const date = new Date(when);

	return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

export function clock(when, seconds = false) {
	const date = new Date(when);

	return `${pad(date.getHours())}:${pad(date.getMinutes())}` +
		(seconds ? `:${pad(date.getSeconds())}` : "");
}

export function dateTime(when, seconds = false) {
	return (when ?? null) === null ? "never" : `${day(when)} ${clock(when, seconds)}`;
}

export function month(when) {
	return day(when).slice(0, 7);
}

/** "12 s ago"; "never" of null. */
export function ago(when, now = Date.now()) {
	if (when === null || when === undefined)
		return "never";
	const seconds = (now - new Date(when)) / 1000;

	return seconds < 1.5 ? "now" : `${duration(seconds).split(/(?<=[a-z]) /)[0]} ago`;
}

/** "Europe/Berlin, UTC+1": the zone in which times are shown. */
export function zone(date = new Date()) {
	const minutes = -date.getTimezoneOffset();
	const sign = minutes < 0 ? "−" : "+";
	const size = Math.abs(minutes);
	const offset = `UTC${minutes ? sign + Math.floor(size / 60) : ""}` +
		(size % 60 ? `:${pad(size % 60)}` : "");
	const name = Intl.DateTimeFormat().resolvedOptions().timeZone;

	return name && name !== "UTC" ? `${name}, ${offset}` : offset;
}
