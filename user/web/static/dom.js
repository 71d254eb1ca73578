// SPDX-License-Identifier: GPL-2.0-only
/* Elements out of names, properties and children. Texts become text nodes, never markup. */

/**
 * h("a", { class: "x", href: "#/", onclick: f, hidden: true }, "text", node, [more]): properties
 * that are false, null or undefined are left out, "on…" are listeners, "data-…" and "aria-…"
 * and all others are attributes.
 */
export function h(tag, properties, ...children) {
	const node = document.createElement(tag);

	for (const [key, value] of Object.entries(properties ?? {}))
		set(node, key, value);
	node.append(...children.flat(3).filter((child) => child !== null && child !== undefined &&
		child !== false));
	return node;
}

/** One attribute or listener of an element. */
export function set(node, key, value) {
	if (key.startsWith("on"))
		node.addEventListener(key.slice(2), value);
	else if (key === "value" || key === "checked")
		node[key] = value;
	else if (value === false || value === null || value === undefined)
		node.removeAttribute(key);
	else
		node.setAttribute(key, value === true ? "" : value);
}

/** Sets the text of an element, and touches it only if it is another one. */
export function put(node, text, title) {
	const wanted = String(text);

	if (node.textContent !== wanted)
		node.textContent = wanted;
	if (title !== undefined && node.title !== title)
		node.title = title;
}

export function clear(node, ...children) {
	node.replaceChildren(...children.flat(3).filter((child) => child));
	return node;
}

/** Puts new content into an element, but leaves equal content alone: focus and hover stay. */
export function swap(node, fresh) {
	if (!fresh || node.childNodes.length !== 1 || !node.firstChild.isEqualNode(fresh))
		clear(node, fresh);
}

/** A name and its value in a list of such. */
export function fact(name, value, type) {
	return h("div", { class: type }, h("dt", null, name), h("dd", null, value));
}

/** A list of names and values: [["Version", "0.1.0"], …]. */
export function facts(pairs, type = "facts") {
	return h("dl", { class: type }, pairs.filter(Boolean).map((pair) => fact(...pair)));
}

/** A box of the page with a heading. */
export function panel(heading, ...children) {
	return h("section", { class: "panel", "aria-label": heading }, h("h2", null, heading),
		children);
}

/** What is said where data would stand: nothing yet, loading, or an error with what to do. */
export function notice(kind, title, ...more) {
	return h("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : null },
		h("p", { class: "notice-title" }, title),
		more.map((part) => typeof part === "string" ? h("p", null, part) : part));
}

/** Says in a place what the collector refused. Other errors are ours, and go on. */
export function fail(place, title, error) {
	if (error.name === "AbortError")
		return;
	if (error.status === undefined)
		throw error;
	swap(place, notice("error", title, error.message));
}

/** Text of a configuration or of commands, with a button that copies it. */
export function snippet(text, label) {
	const button = smallButton("Copy", copy);

	async function copy() {
		try {
			await navigator.clipboard.writeText(text);
			put(button, "Copied");
		} catch { // not over plain HTTP: select, so that Ctrl-C does it
			getSelection().selectAllChildren(code);
			put(button, "Press Ctrl-C");
		}
		setTimeout(() => put(button, "Copy"), 2000);
	}
	const code = h("code", null, text);

	return h("div", { class: "snippet" },
		h("pre", { tabindex: "0", "aria-label": label }, code), button);
}

export function smallButton(label, action, more) {
	return h("button", { type: "button", class: "small", onclick: action, ...more }, label);
}

/** Calls `action` at most once in `ms`, the last call wins. */
export function debounce(action, ms) {
	let timer = 0;

	return (...values) => {
		clearTimeout(timer);
		timer = setTimeout(() => action(...values), ms);
	};
}

/** Calls `action` every `ms` while the page is visible, until the signal; first after `wait`. */
export function repeat(action, ms, signal, wait = 0) {
	let timer = 0;

	async function run() {
		clearTimeout(timer);
		if (signal.aborted || document.hidden)
			return;
		await action();
		clearTimeout(timer);
		if (!signal.aborted)
			timer = setTimeout(run, ms);
	}
	document.addEventListener("visibilitychange", run, { signal });
	signal.addEventListener("abort", () => clearTimeout(timer));
	if (!wait)
		return run();
	timer = setTimeout(run, wait);
	return null;
}
