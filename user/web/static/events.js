// SPDX-License-Identifier: GPL-2.0-only
/*
 * Live values: /api/v1/events, read as a stream, since EventSource cannot send a token. One
 * connection for the whole page; it comes again by itself, later each time it fails. Keeps the
 * last minutes, so that a chart has a past when its page is opened.
 */

import { request } from "./api.js";

export const kept = 600; // s of history
const staleAfter = 4000; // ms without an event
const longestWait = 15000;

const listeners = new Set();
const past = []; // {time, up, down, unmatched, lost}
const losses = new Map(); // exporter's address → [{time, lost}]: where its count rose
let connection = null;
let watch = 0;

/** What is known now: the newest event, when it came, and in what state the stream is. */
export const live = { event: null, arrived: 0, state: "off", error: null, past, losses };

/** Splits a text/event-stream into events; returns the text that is left. */
export function splitEvents(text, emit) {
	const blocks = text.replace(/\r\n?/g, "\n").split("\n\n");
	const rest = blocks.pop();

	for (const block of blocks) {
		let name = "message";
		const data = [];

		for (const line of block.split("\n")) {
			const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);

			if (field === "event")
				name = value;
			else if (field === "data")
				data.push(value);
		}
		if (data.length)
			emit(name, data.join("\n"));
	}
	return rest;
}

function tell() {
	for (const listener of listeners)
		listener(live);
}

function setState(state, error = null) {
	live.state = state;
	live.error = error;
	tell();
}

/** The exporters' states of an event. */
export function exportersOf(event) {
	return [event.exporter_list, event.exporters].find(Array.isArray) ?? [];
}

function noteLosses(event, time) {
	for (const exporter of exportersOf(event)) {
		const ring = losses.get(exporter.address) ?? [];
		const last = ring[ring.length - 1];

		if (!last || last.lost !== exporter.lost)
			ring.push({ time, lost: exporter.lost });
		if (ring.length > kept)
			ring.shift();
		losses.set(exporter.address, ring);
	}
}

function take(name, data) {
	if (name !== "live")
		return;
	const event = JSON.parse(data);
	const time = Math.round(Date.now() / 1000);
	const last = past[past.length - 1];

	if (last && time - last.time > 3) // a hole, not a line across it
		past.push({ time: last.time + 1, up: null, down: null, unmatched: null });
	if (!last || time > last.time)
		past.push({ time, up: event.up_bps, down: event.down_bps,
			unmatched: event.unmatched_bps });
	while (past.length && past[0].time < time - kept)
		past.shift();
	noteLosses(event, time);
	live.event = event;
	live.arrived = Date.now();
	setState("live");
}

async function readStream(signal) {
	const response = await request("events", null, {
		signal, headers: { Accept: "text/event-stream" }, cache: "no-store",
	});
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";

	for (;;) {
		const { value, done } = await reader.read();

		if (done)
			return;
		rest = splitEvents(rest + value, take);
	}
}

function pause(ms, signal) {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);

		signal.addEventListener("abort", () => (clearTimeout(timer), resolve()));
	});
}

async function run(signal) {
	for (let wait = 500; !signal.aborted; wait = Math.min(longestWait, wait * 2)) {
		const began = Date.now();

		try {
			await readStream(signal);
			setState("waiting");
		} catch (error) {
			if (signal.aborted)
				return;
			setState(error.status === 403 ? "refused" : "waiting", error.message);
			if (error.status === 401 || error.status === 403)
				return;
		}
		if (Date.now() - began > 10000)
			wait = 500;
		await pause(wait * (0.75 + Math.random() / 2), signal);
	}
}

function checkStale() {
	if (live.state === "live" && Date.now() - live.arrived > staleAfter)
		setState("stale");
	else if (live.state !== "live")
		tell(); // how long it has been so
}

/** Opens the stream, if it is not open. */
export function connect() {
	if (connection)
		return;
	connection = new AbortController();
	setState("waiting");
	watch = setInterval(checkStale, 1000);
	run(connection.signal);
}

/** Closes it and forgets what it said: another user may sign in. */
export function disconnect() {
	connection?.abort();
	connection = null;
	clearInterval(watch);
	past.length = 0;
	losses.clear();
	live.event = null;
	setState("off");
}

/** Calls a listener at each event and change of state, until the signal. */
export function subscribe(listener, signal) {
	listeners.add(listener);
	signal.addEventListener("abort", () => listeners.delete(listener));
	listener(live);
}
