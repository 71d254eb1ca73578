// SPDX-License-Identifier: GPL-2.0-only
/* While traffic runs: rates, the chart of the last minutes, and a stream that breaks off. */
import { execFileSync } from "node:child_process";
import {
	checkPage,
	digits,
	equal,
	hatched,
	open,
	picture,
	pixels,
	run,
	tokens,
	until,
} from "./lib/browser.mjs";

/** The child of the agent that serves the page. */
function serverPid() {
	const found = execFileSync("pgrep", ["-P", process.env.NFM_AGENT, "-f", "http"], {
		encoding: "utf8",
	});

	return Number(found.trim());
}

const rateOf = async (page, type) =>
	Number(digits(await page.getAttribute(`.gauge.${type}`, "title")));

await run({
	async "overview: rates, top customers, exporters, live"(browser) {
		const page = await open(browser, { token: tokens.read });

		await until(
			"rates",
			async () =>
				(await rateOf(page, "down")) > 0 && (await rateOf(page, "up")) > 0,
		);
		await until("top customers", async () =>
			(
				await page
					.locator("section[aria-label='Top customers'] tbody th")
					.allTextContents()
			).includes("Name of bob"),
		);
		await until(
			"an exporter in state ok",
			async () => (await page.locator("td.state.ok").count()) === 1,
		);
		equal(await page.getAttribute(".connection", "data-state"), "live", "connection");
		await until("Of no customer", async () =>
			/%/.test(await page.textContent("a[href='#/traffic/unmatched']")),
		);
		await until("the last snapshot", async () =>
			/nfmeter\.\d+/.test(await page.textContent(".columns .facts")),
		);
		await until(
			"a drawn chart",
			async () => (await pixels(page, ".plot canvas", "--up")) > 100,
		);
		await checkPage(page);
		await picture(page, "overview");
	},

	async "overview: on a phone, dark"(browser) {
		const page = await open(browser, {
			token: tokens.read,
			width: 360,
			height: 740,
			dark: true,
		});

		await until("rates", async () => (await rateOf(page, "down")) > 0);
		await until(
			"a drawn chart",
			async () => (await pixels(page, ".plot canvas", "--up")) > 30,
		);
		await checkPage(page);
		await picture(page, "overview-phone");
	},

	async "overview: a server that hangs, then dies, is said; its next one is found"(browser) {
		const page = await open(browser, {
			token: tokens.read,
			expected: /ERR_|status of 503/,
		});
		const state = () => page.getAttribute(".connection", "data-state");

		await until("live", async () => (await state()) === "live");
		const server = serverPid();

		process.kill(server, "SIGSTOP");
		await until("stale", async () => (await state()) === "stale");
		await page.locator(".page.is-stale").waitFor();
		process.kill(server, "SIGKILL");
		await until("live again", async () => (await state()) === "live", 40000);
		equal(await page.locator(".page.is-stale").count(), 0, "stale");
		await until(
			"what was missed is hatched",
			async () => (await hatched(page, ".plot canvas")) > 300,
		);
		await checkPage(page);
	},

	async "customers: rates now"(browser) {
		const page = await open(browser, { token: tokens.read, hash: "#/customers" });
		const row = page.locator("tbody tr", { hasText: "Name of bob" });

		await until(
			"a rate",
			async () =>
				Number(digits(await row.locator("td.down").getAttribute("title"))) >
				0,
		);
		await checkPage(page);
	},

	async "an exporter: nothing is lost"(browser) {
		const page = await open(browser, {
			token: tokens.read,
			hash: "#/exporters/192.0.2.1",
		});

		await until(
			"its streams",
			async () =>
				(await page
					.locator("table:has(caption:text-is('Streams')) tbody tr")
					.count()) > 0,
		);
		await until(
			"its templates",
			async () =>
				(await page
					.locator("table:has(caption:text-is('Templates')) tbody tr")
					.count()) > 0,
		);
		await checkPage(page);
	},
});
