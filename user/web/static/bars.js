// SPDX-License-Identifier: GPL-2.0-only
/* Counts over time as bars: what was lost. A part that was not counted is hatched. */

import { hatch, palette } from "./chart.js";
import { h } from "./dom.js";
import { clock } from "./format.js";

/** Rises of a counter, [{time, lost}] in order, in `bins` of the last `seconds` before `now`. */
export function rises(ring, now, seconds, bins) {
	const out = new Array(bins).fill(0);
	const size = seconds / bins;

	for (let i = 1; i < ring.length; i++) {
		const bin = bins - 1 - Math.floor((now - ring[i].time) / size);

		if (bin >= 0 && bin < bins)
			out[bin] += Math.max(0, ring[i].lost - ring[i - 1].lost);
	}
	return out;
}

function paint(canvas, values, width, height) {
	const ratio = Math.max(1, devicePixelRatio || 1);
	const context = canvas.getContext("2d");
	const colors = palette();
	const most = Math.max(1, ...values);
	const step = width / values.length;

	canvas.width = width * ratio;
	canvas.height = height * ratio;
	context.scale(ratio, ratio);
	hatch(context, values.flatMap((value, i) => value === null ? [[i, i + 1]] : []),
		{ left: 0, top: 0, width, height }, (i) => i * step, colors.hatch, 0.8);
	context.fillStyle = colors.rule;
	context.fillRect(0, height - 1, width, 1);
	context.fillStyle = colors.bad;
	values.forEach((value, i) => {
		const size = Math.max(2, (height - 2) * value / most);

		if (value)
			context.fillRect(i * step, height - size, Math.max(1.5, step - 0.6), size);
	});
}

/** Small bars in a table's cell. */
export function drawBars(cell, values, text) {
	let canvas = cell.querySelector("canvas");

	if (!canvas) {
		canvas = h("canvas", { class: "spark", role: "img" });
		cell.replaceChildren(canvas);
	}
	paint(canvas, values, 120, 26);
	canvas.setAttribute("aria-label", text);
	cell.title = text;
}

/** A chart of bars between two times, in ms: {node, set({values, from, to, text})}. */
export function makeBars(signal) {
	const canvas = h("canvas", { class: "bars", role: "img" });
	const begin = h("span");
	const middle = h("span");
	const end = h("span");
	let shown = null;

	function draw() {
		if (shown && canvas.clientWidth)
			paint(canvas, shown.values, canvas.clientWidth, canvas.clientHeight);
	}
	const observer = new ResizeObserver(draw);

	observer.observe(canvas);
	signal.addEventListener("abort", () => observer.disconnect());
	return {
		node: h("div", { class: "bar-chart" }, canvas,
			h("p", { class: "bar-axis help" }, begin, middle, end)),
		set({ values, from, to, text }) {
			shown = { values };
			canvas.setAttribute("aria-label", text);
			begin.textContent = clock(from);
			middle.textContent = text;
			end.textContent = clock(to);
			draw();
		},
	};
}
