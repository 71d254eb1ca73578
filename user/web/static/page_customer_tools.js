// SPDX-License-Identifier: GPL-2.0-only
/* The buttons of a customer's chart: ranges, zoom, and files to take away. */

import { download, save } from "./api.js";
import { h, put, set } from "./dom.js";
import { dateTime, day, duration, share, zone } from "./format.js";
import { pan, presets, seconds, zoom } from "./range.js";

function dateForm(zoomTo) {
	const from = h("input", { type: "date", "aria-label": "From day", required: true });
	const to = h("input", { type: "date", "aria-label": "To day, with it", required: true });
	const form = h(
		"form",
		{
			class: "dates",
			onsubmit: (event) => {
				event.preventDefault();
				const begin = new Date(`${from.value}T00:00`);
				const end = new Date(`${to.value}T00:00`);

				end.setDate(end.getDate() + 1);
				to.setCustomValidity(end > begin ? "" : "ends before it begins");
				if (form.reportValidity())
					zoomTo({ from: begin / 1000, to: end / 1000 });
			},
			oninput: () => to.setCustomValidity(""),
		},
		from,
		"–",
		to,
		h("button", { type: "submit", class: "small" }, "Show"),
	);

	return {
		form,
		show(begin, end) {
			if (form.contains(document.activeElement)) return;
			from.value = day(begin);
			to.value = day(seconds(end) * 1000 - 1000);
		},
	};
}

/**
 * Ranges, zoom by buttons and keys of the chart. range() is what is shown, zoomTo({from, to}) shows
 * another; show({key, zoomed, from, to, step}) marks what is.
 */
export function chartTools({ chart, setQuery, zoomTo, range }) {
	const now = () => Date.now() / 1000;
	const reset = () => setQuery({ from: null, to: null }, true);
	const actions = {
		"+": () => zoomTo(zoom(range(), 0.5, chart.cursorTime(), now())),
		"-": () => zoomTo(zoom(range(), 2, chart.cursorTime(), now())),
		"<": () => zoomTo(pan(range(), -0.5, now())),
		">": () => zoomTo(pan(range(), 0.5, now())),
		0: reset,
	};
	const act = (key) => range() && actions[key]();
	const button = (key, sign, label) =>
		h(
			"button",
			{
				type: "button",
				class: "small",
				"aria-label": label,
				title: label,
				onclick: () => act(key),
			},
			sign,
		);
	const back = button("0", "Reset", "Reset the zoom");
	const dates = dateForm(zoomTo);
	const choice = h(
		"div",
		{ class: "choice", role: "group", "aria-label": "Range" },
		presets.map((one) =>
			h(
				"button",
				{
					type: "button",
					"data-range": one.key,
					onclick: () =>
						setQuery(
							{ range: one.key, from: null, to: null },
							true,
						),
				},
				one.label,
			),
		),
	);
	const where = h("p", { class: "help range-text", role: "status" });

	chart.place.addEventListener("keydown", (event) => {
		const key =
			event.shiftKey && event.key === "ArrowLeft"
				? "<"
				: event.shiftKey && event.key === "ArrowRight"
					? ">"
					: ({ "=": "+", "−": "-", _: "-", Escape: "0" }[event.key] ??
						event.key);

		if (!(key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
		event.preventDefault();
		act(key);
	});
	return {
		node: h(
			"div",
			null,
			h(
				"div",
				{ class: "toolbar chart-tools" },
				choice,
				dates.form,
				h(
					"div",
					{ class: "zoom", role: "group", "aria-label": "Zoom" },
					button("<", "←", "Earlier"),
					button(">", "→", "Later"),
					button("+", "+", "Zoom in"),
					button("-", "−", "Zoom out"),
					back,
				),
			),
			where,
		),
		show({ key, zoomed, from, to, step }) {
			for (const one of choice.children)
				set(one, "aria-pressed", String(one.dataset.range === key));
			back.disabled = !zoomed;
			dates.show(from, to);
			put(
				where,
				`${dateTime(from)} to ${dateTime(to)}, ` +
					`${step ? `by ${duration(step)}` : "by month"}`,
			);
		},
	};
}

/** CSV and JSON of what is shown, and the chart as a picture. */
export function downloads({ subject, id, chart, title, wanted, history }) {
	const trouble = h("span", { class: "field-error", role: "alert" });
	const name = (type) =>
		`nfmeter-${id.replace(/[^\w.-]+/g, "_")}-` +
		`${day(history().from)}-${day(history().to)}.${type}`;

	async function file(type) {
		await download(
			"history",
			{
				...subject,
				...wanted().parameters,
				format: type === "csv" ? "csv" : null,
			},
			name(type),
		);
	}

	async function picture() {
		const { coverage, from, to } = history();

		save(
			await chart.picture(
				title(),
				`${dateTime(from)} to ${dateTime(to)} (${zone()}); ` +
					`${share(coverage.share)} covered; down: area, up: line; nfmeter`,
			),
			name("png"),
		);
	}
	const button = (label, action) =>
		h(
			"button",
			{
				type: "button",
				class: "small",
				onclick: async () => {
					put(trouble, "");
					if (history())
						await action().catch((error) =>
							put(trouble, error.message),
						);
				},
			},
			label,
		);

	return h(
		"div",
		{ class: "downloads", role: "group", "aria-label": "Download" },
		trouble,
		button("CSV", () => file("csv")),
		button("JSON", () => file("json")),
		button("PNG", picture),
	);
}
