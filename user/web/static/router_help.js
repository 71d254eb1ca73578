// SPDX-License-Identifier: GPL-2.0-only
/* What to do when nothing arrives: commands for the router, with this collector's address. */

import { get } from "./api.js";
import { h, notice, snippet } from "./dom.js";

function value(config, section, key, fallback) {
	const found = config?.settings?.find((one) => one.section === section && one.key === key);

	return found?.value || fallback;
}

function isLocal(host) {
	return /^(localhost|127\.|\[?::1\]?$)/.test(host);
}

/** The collector's address as routers see it: as configured, else as this page was reached. */
export function collectorAddress(config, host = location.hostname) {
	const [listen] = value(config, "collector", "listen", "*").split(/\s+/);

	if (listen !== "*")
		return listen;
	return isLocal(host) ? "COLLECTOR-ADDRESS" : host.replace(/^\[|\]$/g, "");
}

/** RouterOS 7 commands that make a router send to `address`. */
export function routerCommands(address, port) {
	return [
		"/ip traffic-flow",
		"set enabled=yes interfaces=all cache-entries=128k",
		"set active-flow-timeout=1m inactive-flow-timeout=15s",
		"/ip traffic-flow target",
		`add dst-address=${address} port=${port} version=9 v9-template-timeout=1m \\`,
		"    src-address=ROUTER-ADDRESS",
	].join("\n");
}

/** A section of the configuration for an exporter that is not known yet. */
export function exporterSection(address, name) {
	return `[exporter ${name}]\naddress = ${address}\n`;
}

/** The notice for a collector to which nothing has come. */
export async function nothingYet(signal) {
	const config = await get("config", null, signal).catch(() => null);
	const [port] = value(config, "collector", "port", "9995").split(/\s+/);
	const address = collectorAddress(config);

	return notice("empty", "Nothing has arrived yet",
		`nfmeter listens on UDP port ${port}. On a MikroTik router with RouterOS 7:`,
		snippet(routerCommands(address, port), "RouterOS commands"),
		h("p", null, "ROUTER-ADDRESS is the one in the router's [exporter] section",
			address === "COLLECTOR-ADDRESS" &&
				"; COLLECTOR-ADDRESS is this machine's, as the router sees it",
			". A router that sends but is not configured appears as refused, within ",
			"seconds, under ", h("a", { href: "#/exporters" }, "Exporters"), "."),
		h("p", null, "Still nothing? On this machine: ", h("code", null, "nfmeter doctor"),
			" looks at the network card, the firewall and the configuration."));
}
