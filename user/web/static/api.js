// SPDX-License-Identifier: GPL-2.0-only
/* Requests to /api/v1 of the collector that served this page. */

import { parseExact } from "./exact_json.js";

const base = "api/v1/";
const storeKey = "nfmeter-token";
let onSignOut = () => {};

/** What the collector refused, with its words; status 0: it could not be reached. */
export class ApiError extends Error {
	constructor(status, text) {
		super(text);
		this.status = status;
	}
}

export function token() {
	return sessionStorage.getItem(storeKey) ?? localStorage.getItem(storeKey);
}

/** Keeps a token for this tab, or for this device; null forgets it. */
export function keepToken(text, remember = false) {
	sessionStorage.removeItem(storeKey);
	localStorage.removeItem(storeKey);
	if (text)
		(remember ? localStorage : sessionStorage).setItem(storeKey, text);
}

/** What to do when the collector answers 401. */
export function whenSignedOut(action) {
	onSignOut = action;
}

function address(path, query) {
	const parameters = new URLSearchParams();

	for (const [key, value] of Object.entries(query ?? {})) {
		for (const one of [value].flat()) {
			if (one !== null && one !== undefined && one !== "")
				parameters.append(key, one);
		}
	}
	const text = String(parameters);

	return base + path + (text ? `?${text}` : "");
}

async function errorOf(response) {
	let text = `the collector answered with status ${response.status}`;

	try {
		text = parseExact(await response.text()).error ?? text;
	} catch {
		// something between us and the collector answered: its status has to do
	}
	return new ApiError(response.status, text);
}

// The server starts anew after each change of the configuration: what fails then is asked again.
async function tryFetch(where, options, again) {
	for (const wait of again ? [300, 700, 1500, 0] : [0]) {
		try {
			return await fetch(where, options);
		} catch (error) {
			if (error.name === "AbortError")
				throw error;
			if (wait)
				await new Promise((resolve) => setTimeout(resolve, wait));
		}
	}
	throw new ApiError(0, "the collector does not answer: does nfmeter run, and is the way " +
		"to it open?");
}

/** The Response of a request; ApiError if it was refused or nobody answered. */
export async function request(path, query, options = {}) {
	const secret = token();
	const response = await tryFetch(address(path, query), { ...options,
		headers: { ...(secret ? { Authorization: `Bearer ${secret}` } : {}),
			...options.headers },
	}, options.method !== "DELETE" && path !== "events");

	if (response.ok)
		return response;
	const error = await errorOf(response);

	if (response.status === 401 && path !== "whoami")
		onSignOut(error.message);
	throw error;
}

/** A controller of one request, which ends with `signal`, too. */
export function within(signal) {
	const controller = new AbortController();

	if (signal.aborted)
		controller.abort();
	signal.addEventListener("abort", () => controller.abort(), { signal: controller.signal });
	return controller;
}

export async function get(path, query, signal) {
	return parseExact(await (await request(path, query, { signal })).text());
}

async function change(method, path, body) {
	const response = await request(path, null, {
		method,
		headers: { "Content-Type": "application/json" },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = await response.text();

	return text ? parseExact(text) : {};
}

export const put = (path, body) => change("PUT", path, body);
export const remove = (path) => change("DELETE", path);

/** Hands a file to the user. */
export function save(blob, name) {
	const link = document.createElement("a");

	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** Saves an answer as it is, for the token cannot stand in a link. */
export async function download(path, query, name) {
	save(await (await request(path, query)).blob(), name);
}
