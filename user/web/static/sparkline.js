// SPDX-License-Identifier: GPL-2.0-only
/* The last two hours of a customer in a table's cell: down an area, up a line, holes hatched. */

import { hatch, palette } from "./chart.js";
import { h } from "./dom.js";
import { rate } from "./format.js";

const width = 120;
const height = 26;

function runs(values, draw) {
	let begin = -1;

	for (let i = 0; i <= values.length; i++) {
		const is = i < values.length && values[i] !== null;

		if (is && begin < 0)
			begin = i;
		if (!is && begin >= 0) {
			draw(begin, i);
			begin = -1;
		}
	}
}

function trace(context, values, from, to, x, y) {
	for (let i = from; i < to; i++) {
		context.lineTo(x(i), y(values[i]));
		context.lineTo(x(i + 1), y(values[i]));
	}
}

const grace = 10; // s after a step in which its file may still be written

/** Steps that are over without having been counted, as [from, to] in steps. */
export function missing(line, now = Date.now() / 1000) {
	const end = (i) => line.from + (i + 1) * line.step;

	return line.down_bps.flatMap((value, i) =>
		value === null && end(i) + grace < now ? [[i, i + 1]] : []);
}

function paint(canvas, line, colors) {
	const ratio = Math.max(1, devicePixelRatio || 1);
	const context = canvas.getContext("2d");
	const most = Math.max(1, ...line.down_bps, ...line.up_bps);
	const x = (i) => i * width / line.down_bps.length;
	const y = (value) => height - 1.5 - (height - 3) * value / most;

	canvas.width = width * ratio;
	canvas.height = height * ratio;
	context.scale(ratio, ratio);
	hatch(context, missing(line), { left: 0, top: 0, width, height }, x, colors.hatch, 0.7);
	runs(line.down_bps, (from, to) => {
		context.fillStyle = colors["down-fill"];
		context.strokeStyle = colors.down;
		context.lineWidth = 1;
		context.beginPath();
		trace(context, line.down_bps, from, to, x, y);
		context.stroke();
		context.lineTo(x(to), height);
		context.lineTo(x(from), height);
		context.fill();
	});
	runs(line.up_bps, (from, to) => {
		context.strokeStyle = colors.up;
		context.lineWidth = 1.25;
		context.beginPath();
		trace(context, line.up_bps, from, to, x, y);
		context.stroke();
	});
}

/** Draws {from, step, down_bps, up_bps}, in s, into a cell; undefined: not known yet. */
export function drawSparkline(cell, line, colors = palette()) {
	let canvas = cell.querySelector("canvas");

	if (!line) {
		cell.replaceChildren();
		return;
	}
	if (!canvas) {
		canvas = h("canvas", { class: "spark", role: "img" });
		cell.replaceChildren(canvas);
	}
	paint(canvas, line, colors);
	const most = (values) => rate(Math.max(0, ...values));
	const text = `last two hours: at most ${most(line.down_bps)} down, ${most(line.up_bps)} up`;

	canvas.setAttribute("aria-label", text);
	cell.title = text;
}
