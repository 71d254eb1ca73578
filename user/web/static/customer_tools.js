// SPDX-License-Identifier: GPL-2.0-only
/* The buttons of a customer's chart: ranges, zoom, and files to take away. */

import { download, save } from "./api.js";
import { h, put, set, smallButton } from "./dom.js";
import { dateTime, day, duration, share, zone } from "./format.js";
import { pan, presets, seconds, zoom } from "./range.js";

function dateForm(zoomTo) {
	const from = h("input", { type: "date", "aria-label": "From day", required: true });
	const to = h("input", { type: "date", "aria-label": "To day, with it", required: true });
	const form = h("form", { class: "dates", onsubmit: submit,
		oninput: () => to.setCustomValidity("") }, from, "–", to,
	h("button", { type: "submit", class: "small" }, "Show"));

	function submit(event) {
		const begin = new Date(`${from.value}T00:00`);
		const end = new Date(`${to.value}T00:00`);

		event.preventDefault();
		end.setDate(end.getDate() + 1);
		to.setCustomValidity(end > begin ? "" : "ends before it begins");
		if (form.reportValidity())
			zoomTo({ from: begin / 1000, to: end / 1000 });
	}

	return { form, show(begin, end) {
		if (form.contains(document.activeElement))
			return;
		from.value = day(begin);
		to.value = day(seconds(end) * 1000 - 1000);
	} };
}

function keyOf(event) {
	if (event.ctrlKey || event.metaKey || event.altKey)
		return null;
	if (event.shiftKey && /^Arrow(Left|Right)$/.test(event.key))
		return event.key === "ArrowLeft" ? "<" : ">";
	return { "=": "+", "−": "-", _: "-", Escape: "0" }[event.key] ?? event.key;
}

/** What keys and buttons do, by their sign. */
function chartActions({ chart, setQuery, zoomTo, range }) {
	const now = () => Date.now() / 1000;
	const actions = {
		"+": () => zoomTo(zoom(range(), 0.5, chart.cursorTime(), now())),
		"-": () => zoomTo(zoom(range(), 2, chart.cursorTime(), now())),
		"<": () => zoomTo(pan(range(), -0.5, now())),
		">": () => zoomTo(pan(range(), 0.5, now())),
		0: () => setQuery({ from: null, to: null }, true),
	};

	chart.place.addEventListener("keydown", (event) => {
		const key = keyOf(event);

		if (!Object.hasOwn(actions, key) || !range())
			return;
		event.preventDefault();
		actions[key]();
	});
	return (key) => range() && actions[key]();
}

/**
 * Ranges, zoom by buttons and keys of the chart. range() is what is shown, zoomTo({from, to}) shows
 * another; show({key, zoomed, from, to, step}) marks what is.
 */
export function chartTools({ chart, setQuery, zoomTo, range }) {
	const act = chartActions({ chart, setQuery, zoomTo, range });
	const button = (key, sign, label) => smallButton(sign, () => act(key),
		{ "aria-label": label, title: label });
	const back = button("0", "Reset", "Reset the zoom");
	const dates = dateForm(zoomTo);
	const choice = h("div", { class: "choice", role: "group", "aria-label": "Range" },
		presets.map((one) => h("button", { type: "button", "data-range": one.key,
			onclick: () => setQuery({ range: one.key, from: null, to: null }, true) },
		one.label)));
	const where = h("p", { class: "help range-text", role: "status" });

	return {
		node: h("div", null, h("div", { class: "toolbar chart-tools" }, choice, dates.form,
			h("div", { class: "zoom", role: "group", "aria-label": "Zoom" },
				button("<", "←", "Earlier"), button(">", "→", "Later"),
				button("+", "+", "Zoom in"), button("-", "−", "Zoom out"), back)),
		where),
		show({ key, zoomed, from, to, step }) {
			for (const one of choice.children)
				set(one, "aria-pressed", String(one.dataset.range === key));
			back.disabled = !zoomed;
			dates.show(from, to);
			put(where, `${dateTime(from)} to ${dateTime(to)}, ` +
				(step ? `by ${duration(step)}` : "by month"));
		},
	};
}

function fileName({ id, history }, type) {
	return `nfmeter-${id.replace(/[^\w.-]+/g, "_")}-${day(history.from)}-` +
		`${day(history.to)}.${type}`;
}

async function savePicture(page) {
	const { coverage, from, to } = page.history;
	const footer = `${dateTime(from)} to ${dateTime(to)} (${zone()}); ` +
		`${share(coverage.share)} covered; down: area, up: line; nfmeter`;

	save(await page.chart.picture(page.title.textContent, footer), fileName(page, "png"));
}

/** Buttons for CSV and JSON of what a customer's page shows, and for its chart as a picture. */
export function downloads(page) {
	const trouble = h("span", { class: "field-error", role: "alert" });
	const file = (type, format) => download("history", { ...page.subject,
		...page.wanted.parameters, format }, fileName(page, type));
	const button = (label, action) => smallButton(label, async () => {
		put(trouble, "");
		if (page.history)
			await action().catch((error) => put(trouble, error.message));
	});

	return h("div", { class: "downloads", role: "group", "aria-label": "Download" }, trouble,
		button("CSV", () => file("csv", "csv")), button("JSON", () => file("json")),
		button("PNG", () => savePicture(page)));
}
