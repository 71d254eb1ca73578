// SPDX-License-Identifier: GPL-2.0-only
/* Which page stands in the window: routes in the hash, sign-in, header and footer. */

import { get, keepToken, token, whenSignedOut } from "./api.js";
import { clear, h, notice, put, set, smallButton } from "./dom.js";
import { connect, disconnect, live, subscribe } from "./events.js";
import { duration, zone } from "./format.js";
import { customerPage } from "./page_customer.js";
import { customersPage } from "./page_customers.js";
import { exporterPage } from "./page_exporter.js";
import { exportersPage } from "./page_exporters.js";
import { overviewPage } from "./page_overview.js";
import { settingsPage } from "./page_settings.js";
import { signIn } from "./sign_in.js";

const pages = {
	"": { title: "Overview", show: overviewPage },
	customers: { title: "Customers", show: customersPage, one: customerPage },
	exporters: { title: "Exporters", show: exportersPage, one: exporterPage },
	settings: { title: "Settings", show: settingsPage },
	traffic: { one: customerPage }, // of nobody: unmatched, local
};
const navigation = ["", "customers", "exporters", "settings"];

const main = document.getElementById("main");
let me = null;
let open = null; // the page shown: {path, controller, update}

function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch { // written by hand
		return text;
	}
}

/** "#/customers/alice?range=7d" → {name, id, query} */
function route() {
	const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
	const [name, ...rest] = path.split("/");

	return { name, id: rest.length ? decoded(rest.join("/")) : null,
		query: new URLSearchParams(query ?? ""), path };
}

/** Writes parameters into the hash; as a step of its own in the history, or in place of this. */
function setQuery(values, step = false) {
	const { path, query } = route();

	for (const [key, value] of Object.entries(values)) {
		if (value === null || value === undefined || value === "")
			query.delete(key);
		else
			query.set(key, value);
	}
	const text = String(query);
	const hash = `#/${path}${text ? `?${text}` : ""}`;

	if (hash === location.hash)
		return;
	history[step ? "pushState" : "replaceState"](null, "", hash);
	showRoute();
}

function pageOf(to) {
	if (me.role === "customer")
		return { title: "Your traffic", show: customerPage, id: me.customer };
	const page = pages[to.name];
	const show = to.id ? page?.one : page?.show;

	return show ? { title: page.title, show, id: to.id,
		kind: to.name === "traffic" ? to.id : null } : null;
}

function showRoute() {
	const to = route();
	const page = pageOf(to);
	const path = me.role === "customer" ? "" : to.path;

	if (open && open.path === path) {
		open.update?.(to.query);
		return;
	}
	if (open) { // another page: who reads by keyboard or ear goes on there
		open.controller.abort();
		main.focus({ preventScroll: true });
	}
	const controller = new AbortController();
	const content = h("div", { class: "page" });

	open = { path, controller };
	clear(main, content);
	scrollTo(0, 0);
	markNavigation(to.name);
	document.title = `${page?.title ?? "Not found"} · nfmeter`;
	if (!page) {
		content.append(h("h1", null, "Not found"),
			notice("empty", "There is no such page", h("a", { href: "#/" },
				"Overview")));
		return;
	}
	open.update = page.show(content, { id: page.id, kind: page.kind ?? null,
		me, query: to.query, signal: controller.signal, setQuery,
		setTitle: (text) => { document.title = `${text} · nfmeter`; } });
}

function markNavigation(name) {
	for (const link of document.querySelectorAll("#header nav a"))
		set(link, "aria-current", link.dataset.name === name ? "page" : null);
}

// ---- header and footer ----

function themeSwitch() {
	const root = document.documentElement;
	const select = h("select", { "aria-label": "Colours", class: "theme", onchange: choose },
		["auto", "light", "dark"].map((name) => h("option", { value: name },
			`${name[0].toUpperCase()}${name.slice(1)}`)));

	function choose() {
		root.dataset.theme = select.value;
		localStorage.setItem("nfmeter-theme", select.value);
		document.dispatchEvent(new Event("nfmeter-theme"));
	}
	select.value = root.dataset.theme;
	return select;
}

const states = {
	live: () => ["live", "Live"],
	stale: () => ["stale", `No news for ${silence()}`],
	waiting: () => live.arrived ? ["stale", `Connecting; values are ${silence()} old`] :
		["waiting", "Connecting"],
	refused: () => ["waiting", ""],
	off: () => ["waiting", ""],
};

function silence() {
	return duration((Date.now() - live.arrived) / 1000);
}

// Screen readers hear of a change of the state, not of each second.
function connectionState(signal) {
	const text = h("span", { "aria-hidden": "true" });
	const spoken = h("span", { class: "unseen", role: "status" });
	const node = h("span", { class: "connection" }, text, spoken);

	subscribe(({ state, error }) => {
		const [name, words] = states[state]();

		node.dataset.state = name;
		document.documentElement.dataset.live = name;
		put(text, words);
		put(spoken, { live: "", stale: "Live values have stopped", waiting: "" }[name]);
		node.title = error ?? "";
	}, signal);
	return node;
}

function signOut() {
	keepToken(null);
	location.hash = "#/";
	start();
}

function brand() {
	return h("a", { class: "brand", href: "#/" },
		h("img", { src: "icon.svg", alt: "", width: "22", height: "22" }), "nfmeter");
}

function drawHeader(signal) {
	const links = me.role === "customer" ? null : h("nav", { "aria-label": "Pages" },
		navigation.map((name) => h("a", { href: `#/${name}`, "data-name": name },
			pages[name].title)));

	clear(document.getElementById("header"),
		brand(), links, h("div", { class: "header-end" },
			me.role !== "customer" && connectionState(signal), themeSwitch(),
			me.tokens && token() && smallButton("Sign out", signOut,
				{ title: me.name && `signed in as ${me.name}, ${me.role}` })));
	clear(document.getElementById("footer"),
		h("span", null, `Times are in ${zone()}.`),
		h("span", null, "k, M, G are powers of 1000; hover a number for all its digits."),
		h("span", null, `nfmeter ${me.version}`));
}

// ---- start ----

let session = new AbortController();

async function start(why) {
	session.abort();
	session = new AbortController();
	open?.controller.abort();
	open = null;
	disconnect();
	clear(document.getElementById("header"), brand(),
		h("div", { class: "header-end" }, themeSwitch()));
	try {
		me = await get("whoami");
	} catch (error) {
		if (error.status !== 401) {
			clear(main, notice("error", "The collector cannot be asked", error.message,
				smallButton("Try again", () => start())));
			return;
		}
		me = await signIn(main, why);
	}
	drawHeader(session.signal);
	if (me.role !== "customer")
		connect();
	showRoute();
}

whenSignedOut((why) => start(why));
addEventListener("hashchange", () => me && open && showRoute());
addEventListener("popstate", () => me && open && showRoute());
document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault(); // the hash is the route
	main.focus();
});
start();
