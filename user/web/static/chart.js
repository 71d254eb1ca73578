// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rates over time, by uPlot. Down is a filled area, up a line: they differ without their colours.
 * Where nothing was counted the plot is hatched and has no line: it may not look like silence.
 */

import { h, put, set } from "./dom.js";
import { clock, count, dateTime, day, exactRate, rate } from "./format.js";

const uPlot = globalThis.uPlot; // its own file, loaded before the modules
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The colours of the style sheet, as they are now. */
export function palette() {
	const style = getComputedStyle(document.documentElement);
	const names = ["down", "down-fill", "up", "bad", "ink", "muted", "rule", "grid", "hatch",
		"panel"];

	return Object.fromEntries(names.map((name) =>
		[name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Calls an action when light becomes dark, or the other way round, until the signal. */
export function whenThemeChanges(action, signal) {
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", action, { signal });
	document.addEventListener("nfmeter-theme", action, { signal });
}

/** Stripes over [from, to] of a canvas; `box` and positions in its pixels. */
export function hatch(context, ranges, box, position, color, ratio) {
	const gap = 7 * ratio;

	context.save();
	for (const [from, to] of ranges) {
		const left = Math.max(box.left, position(from));
		const right = Math.min(box.left + box.width, Math.max(position(to), left + ratio));

		if (right <= box.left || left >= box.left + box.width)
			continue;
		context.save();
		context.beginPath();
		context.rect(left, box.top, right - left, box.height);
		context.clip();
		context.strokeStyle = color;
		context.lineWidth = 1.2 * ratio;
		context.beginPath();
		for (let x = left - box.height; x < right; x += gap) {
			context.moveTo(x, box.top + box.height);
			context.lineTo(x + box.height, box.top);
		}
		context.stroke();
		context.restore();
	}
	context.restore();
}

// "14:00"; the first of a day says which day.
function timeLabels(chart, splits, axis, space, step) {
	let before = null;

	return splits.map((split) => {
		const date = new Date(split * 1000);
		const today = day(date);
		const first = today !== before;

		before = today;
		if (step >= 27 * 86400)
			return `${months[date.getMonth()]} ${date.getFullYear()}`;
		const name = `${date.getDate()} ${months[date.getMonth()]}`;

		if (step >= 86400)
			return name;
		const under = first ? `\n${weekdays[date.getDay()]} ${name}` : "";

		return clock(date, step < 60) + under;
	});
}

function axes(colors, compact) {
	const common = {
		stroke: colors.muted,
		font: "12px system-ui, sans-serif",
		grid: { stroke: colors.grid, width: 1 },
		ticks: { stroke: colors.rule, width: 1, size: 5 },
	};

	return [
		{ ...common, values: timeLabels, size: 46, space: compact ? 62 : 76 },
		{ ...common, size: compact ? 70 : 74, space: 34,
			values: (chart, splits) => splits.map((value) => value === 0 ? "0" :
				trimmed(value)) },
	];
}

// Of round numbers on an axis: "5 Mb/s" instead of "5.00 Mb/s".
function trimmed(value) {
	return count(value, "b/s").replace(/(\.\d*?)0+ /, "$1 ").replace(/\. /, " ");
}

function series(colors, stepped) {
	const paths = stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear();

	return [{},
		{ label: "Down", stroke: colors.down, fill: colors["down-fill"], width: 1.25, paths,
			points: { show: false } },
		{ label: "Up", stroke: colors.up, width: 1.75, paths, points: { show: false } },
	];
}

// A name at the right of the plot, its lower edge at `bottom`.
function drawName(chart, bottom, text, color) {
	const { ctx, bbox } = chart;
	const ratio = uPlot.pxRatio;
	const right = bbox.left + bbox.width - 3 * ratio;

	ctx.font = `${11 * ratio}px system-ui, sans-serif`;
	ctx.textAlign = "right";
	ctx.textBaseline = "bottom";
	const width = ctx.measureText(text).width + 6 * ratio;

	ctx.globalAlpha = 0.85;
	ctx.fillStyle = palette().panel;
	ctx.fillRect(right - width + 3 * ratio, bottom - 13 * ratio, width, 13 * ratio);
	ctx.globalAlpha = 1;
	ctx.fillStyle = color;
	ctx.fillText(text, right, bottom);
}

function drawLine(chart, y, color, dash) {
	const { ctx, bbox } = chart;
	const ratio = uPlot.pxRatio;

	ctx.strokeStyle = color;
	ctx.lineWidth = 1.25 * ratio;
	ctx.setLineDash(dash.map((part) => part * ratio));
	ctx.beginPath();
	ctx.moveTo(bbox.left, y);
	ctx.lineTo(bbox.left + bbox.width, y);
	ctx.stroke();
	ctx.setLineDash([]);
}

// Lines across the plot with their names above them, none of them over another.
function drawLevels(chart, levels, colors) {
	const ratio = uPlot.pxRatio;
	const at = ({ value }) => Math.round(chart.valToPos(value, "y", true));
	let free = Infinity; // above this

	chart.ctx.save();
	for (const level of levels)
		drawLine(chart, at(level), colors[level.color], level.dash);
	for (const level of [...levels].sort((a, b) => at(b) - at(a))) {
		const bottom = Math.min(at(level) - 2 * ratio, free);

		drawName(chart, bottom, level.text, colors[level.color]);
		free = bottom - 14 * ratio;
	}
	chart.ctx.restore();
}

function highest(state) {
	let most = 0;

	for (const row of [state.data[1], state.data[2]]) {
		for (const value of row)
			most = Math.max(most, value ?? 0);
	}
	for (const level of state.levels)
		most = Math.max(most, level.value);
	return most * 1.08 || 1000;
}

function build(state, place, height, hooks) {
	const colors = palette();
	const width = Math.max(200, place.clientWidth);

	return new uPlot({
		width, height,
		padding: [10, 8, 0, 0],
		legend: { show: false },
		cursor: { y: false, points: { size: 7 }, drag: { x: state.zoomable, y: false,
			setScale: false }, focus: { prox: -1 } },
		select: { show: state.zoomable },
		scales: { x: { time: true, range: () => [state.from, state.to] },
			y: { range: () => [0, highest(state)] } },
		axes: axes(colors, width < 500),
		series: series(colors, state.stepped),
		hooks: {
			drawClear: [(chart) => hatch(chart.ctx, state.holes, chart.bbox,
				(at) => chart.valToPos(at, "x", true), colors.hatch,
				uPlot.pxRatio)],
			draw: [(chart) => drawLevels(chart, state.levels, colors)],
			...hooks,
		},
	}, state.data, place);
}

/** "2026-11-23 14:05 – 14:10", or the days if the step is a day or more. */
export function stepText(from, to) {
	if (to - from >= 80000)
		return to - from > 100000 ? `${day(from * 1000)} – ${day((to - 1) * 1000)}` :
			day(from * 1000);
	return `${dateTime(from * 1000, to - from < 60)} – ${clock(to * 1000, to - from < 60)}`;
}

/**
 * A chart in an element. Options: height, label (for readers of screens), stepped, zoomable, and
 * zoomed(from, to) when a range was dragged; describe(index) gives the text beside the cursor.
 * set({data, from, to, holes, levels}) shows data: [times, down, up].
 */
export class Chart {
	constructor(options, signal) {
		this.options = options;
		this.state = { data: [[], [], []], from: 0, to: 1, holes: [], levels: [],
			stepped: options.stepped, zoomable: Boolean(options.zoomed) };
		this.plot = null;
		this.place = h("div", { class: "plot", role: "application", tabindex: "0",
			"aria-label": options.label });
		this.place.style.minHeight = `${this.height()}px`;
		this.readout = h("p", { class: "readout" });
		this.node = h("div", { class: "chart" }, this.place, this.readout);
		new ResizeObserver(() => this.resize()).observe(this.place);
		whenThemeChanges(() => this.rebuild(), signal);
		signal.addEventListener("abort", () => this.plot?.destroy());
		this.place.addEventListener("keydown", (event) => this.moveCursor(event));
	}

	set(state) {
		Object.assign(this.state, state);
		this.filled = true;
		if (this.plot)
			this.plot.setData(this.state.data);
		else
			this.rebuild();
	}

	rebuild() {
		if (!this.filled || !this.place.clientWidth)
			return; // nothing to show, or no place yet: comes with its first size
		this.plot?.destroy();
		this.plot = build(this.state, this.place, this.height(), {
			setSelect: [(chart) => this.selected(chart)],
			setCursor: [(chart) => this.showReadout(chart.cursor.idx)],
		});
		this.width = this.place.clientWidth;
		this.showReadout(null);
	}

	height() {
		return innerWidth < 600 ? Math.min(220, this.options.height) : this.options.height;
	}

	resize() {
		if (this.plot && this.width === this.place.clientWidth)
			return;
		this.rebuild();
	}

	selected(chart) {
		const { left, width } = chart.select;

		if (width < 4)
			return;
		chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
		this.options.zoomed(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
	}

	showReadout(index) {
		put(this.readout, this.options.describe(index));
	}

	/** The moment under the cursor, or the middle. */
	cursorTime() {
		const index = this.plot?.cursor.idx;
		const { data, from, to } = this.state;

		return index === null || index === undefined ? (from + to) / 2 : data[0][index];
	}

	moveCursor(event) {
		const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
		const times = this.state.data[0];

		if (!this.plot || !by || event.shiftKey || !times.length)
			return;
		event.preventDefault();
		const now = this.plot.cursor.idx ?? (by > 0 ? -1 : times.length);
		const index = Math.min(times.length - 1, Math.max(0, now + by));

		set(this.readout, "aria-live", "polite");
		this.plot.setCursor({ left: this.plot.valToPos(times[index], "x"), top: 10 });
	}

	/** The chart as a PNG with a title above and a line below. */
	picture(title, footer) {
		const from = this.plot.ctx.canvas;
		const ratio = uPlot.pxRatio;
		const canvas = h("canvas", { width: from.width, height: from.height + 64 * ratio });
		const to = canvas.getContext("2d");
		const colors = palette();

		to.fillStyle = colors.panel;
		to.fillRect(0, 0, canvas.width, canvas.height);
		to.fillStyle = colors.ink;
		to.font = `600 ${15 * ratio}px system-ui, sans-serif`;
		to.fillText(title, 12 * ratio, 24 * ratio);
		to.drawImage(from, 0, 36 * ratio);
		to.fillStyle = colors.muted;
		to.font = `${11 * ratio}px system-ui, sans-serif`;
		to.fillText(footer, 12 * ratio, canvas.height - 10 * ratio);
		return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
	}
}

const legendNames = { down: "Down", up: "Up", level: "95th percentile" };

/** What the marks of a chart mean, in order: down, up, hole, level; `hole` names the third. */
export function legend(marks, hole) {
	return h("ul", { class: "legend" }, marks.map((mark) => h("li", null,
		h("span", { class: `key key-${mark}`, "aria-hidden": "true" }),
		legendNames[mark] ?? hole)));
}

/** "↓ 3.70 Mb/s ↑ 245 kb/s", exactly on hover. */
export function ratePair(down, up) {
	const one = (type, sign, value) => h("span", { class: type,
		title: `${type} ${exactRate(value)}` }, `${sign} ${rate(value)}`);

	return h("span", { class: "pair" }, one("down", "↓", down), " ", one("up", "↑", up));
}
