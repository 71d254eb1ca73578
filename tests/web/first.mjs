// SPDX-License-Identifier: GPL-2.0-only
/* A collector as it is on its first day: nothing has come, and there are no tokens. */
import { api, checkPage, equal, open, run, until } from "./lib/browser.mjs";

await run({
	async "nothing has arrived: what to do on the router and here"(browser) {
		for (const hash of ["#/", "#/customers"]) {
			const page = await open(browser, { hash });

			if (hash === "#/customers") await page.fill("#search", "");
			await until("the page", async () => (await page.locator("h1").count()) > 0);
			if (hash === "#/") {
				const text = page.locator(".snippet code");

				await text.waitFor();
				const commands = await text.textContent();

				equal(/^\/ip traffic-flow\n/.test(commands), true, commands);
				equal(
					/dst-address=COLLECTOR-ADDRESS port=9995 /.test(commands),
					true,
					commands,
				);
				await page.getByText("nfmeter doctor").waitFor();
			}
			await checkPage(page);
			await page.close();
		}
	},

	async "without tokens a page of this machine reads and changes nothing"(browser) {
		const page = await open(browser, { hash: "#/settings" });

		await page.getByText("nfmeter token add admin NAME").waitFor();
		await page.locator("#setting-collector-interval").waitFor();
		equal(await page.locator("form").count(), 0, "forms");
		equal(await page.getByText("Sign out").count(), 0, "sign-out");
		const { status } = await api("settings", undefined, {
			method: "PUT",
			body: JSON.stringify({
				changes: [{ section: "collector", key: "interval", value: "60" }],
			}),
		});

		equal(status >= 401 && status <= 403, true, `status ${status}`);
		await checkPage(page);
	},

	async "a customer without traffic, and one that is not there"(browser) {
		const page = await open(browser, {
			hash: "#/customers/alice",
			expected: /status of 404/,
		});

		await page
			.getByText("nothing is due yet")
			.or(page.getByText("covered"))
			.first()
			.waitFor();
		await page.goto(`${new URL(page.url()).origin}/#/customers/nobody`);
		await page.getByText("No such customer").waitFor();
		await checkPage(page);
	},
});
