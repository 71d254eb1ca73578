// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pictures of the page for the README, of a month of a small provider:
 *   NFM_PICTURES=docs bash tests/web/page.sh pictures
 */
import { checkPage, open, picture, run, tokens, until } from "./lib/browser.mjs";

const size = { token: tokens.read, width: 1200, height: 800 };

await run({
	async overview(browser) {
		const page = await open(browser, { ...size, height: 790 });

		await page.waitForTimeout(58000); // what the picture shows
		await checkPage(page);
		await picture(page, "page-overview");
	},

	async customers(browser) {
		const page = await open(browser, { ...size, hash: "#/customers", dark: true });

		await until("lines", async () => (await page.locator("canvas.spark").count()) > 10);
		await checkPage(page);
		await picture(page, "page-customers");
	},

	async "a customer"(browser) {
		const page = await open(browser, {
			...size,
			height: 1060,
			hash: "#/customers/1002?range=7d",
		});

		await page.locator('tr[data-period="Last month"]').waitFor();
		await page.waitForTimeout(500);
		await checkPage(page);
		await picture(page, "page-customer");
	},

	async "a customer on a phone"(browser) {
		const page = await open(browser, {
			token: tokens.read,
			width: 360,
			height: 780,
			dark: true,
			hash: "#/customers/1007",
		});

		await page.locator('tr[data-period="Last month"]').waitFor();
		await checkPage(page);
		await picture(page, "page-phone");
	},
});
