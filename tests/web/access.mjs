// SPDX-License-Identifier: GPL-2.0-only
/* Who sees what: no token, a wrong one, a reader's, a customer's. */
import { api, checkPage, equal, open, picture, run, tokens, until } from "./lib/browser.mjs";

const refused = /status of 40[13]/;

async function fillIn(page, token, remember = false) {
	await page.fill("#token", token);
	if (remember) await page.check("#remember");
	await page.getByRole("button", { name: "Sign in" }).click();
}

await run({
	async "without a token: the form; a wrong one is said; a right one is kept"(browser) {
		const page = await open(browser, { hash: "#/customers", expected: refused });

		await page.getByRole("heading", { name: "Sign in" }).waitFor();
		equal(await page.locator("nav").count(), 0, "navigation before");
		await picture(page, "sign-in");
		await fillIn(page, "nfm_wrong");
		await page.getByText("This token is not known").waitFor();
		await fillIn(page, tokens.read);
		await page.locator("tbody tr").first().waitFor();
		await page.reload();
		await page.locator("tbody tr").first().waitFor();
		equal(
			await page.evaluate(() => localStorage.getItem("nfmeter-token")),
			null,
			"not remembered",
		);
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByRole("heading", { name: "Sign in" }).waitFor();
		equal(await page.evaluate(() => sessionStorage.length), 0, "forgotten");
		await fillIn(page, tokens.read, true);
		await page.locator("h1").first().waitFor({ state: "attached" });
		equal(
			await page.evaluate(() => localStorage.getItem("nfmeter-token")),
			tokens.read,
			"remembered",
		);
		await checkPage(page);
	},

	async "a customer sees itself alone"(browser) {
		for (const hash of [
			"#/",
			"#/customers",
			"#/customers/bob",
			"#/settings",
			"#/traffic/unmatched",
		]) {
			const page = await open(browser, { token: tokens.customer, hash });

			await until(
				"its totals",
				async () =>
					(await page.locator('tr[data-period="Today"]').count()) ===
					1,
			);
			await until("its prefixes", async () =>
				(await page.textContent("#main")).includes("10.0.0.0/24"),
			);
			const said = await page.textContent("body");

			equal(
				/bob|carol|10\.0\.1\.0|Overview|Exporters/.test(said),
				false,
				`${hash}: others`,
			);
			equal(await page.locator("nav, form.form").count(), 0, "navigation, forms");
			await checkPage(page);
			await page.close();
		}
	},

	async "a customer's token gets nothing else from the API"() {
		for (const path of [
			"status",
			"exporters",
			"templates",
			"snapshots",
			"config",
			"report",
			"history?kind=unmatched",
			"read?file=nfmeter.202601010000",
			"events",
		])
			equal((await api(path, tokens.customer)).status, 403, path);
		for (const path of ["history?id=bob", "show?id=bob", "sparklines?id=bob"]) {
			const { status, body } = await api(path, tokens.customer);
			const shown = JSON.stringify(body.customers ?? body, (key, value) =>
				typeof value === "bigint" ? String(value) : value,
			);

			equal(
				status >= 400 || !/Name of bob|10\.0\.1\.0/.test(shown),
				true,
				`${path}: ${status} ${shown}`,
			);
		}
		const { body } = await api("show", tokens.customer);

		equal(
			body.customers.map(({ id }) => id),
			"alice",
			"customers of show",
		);
		equal(body.total ?? body.unmatched ?? body.local ?? "none", "none", "sums of all");
	},

	async "a reader's token changes nothing"() {
		for (const token of [tokens.read, tokens.customer, undefined]) {
			const { status } = await api("settings", token, {
				method: "PUT",
				body: JSON.stringify({
					changes: [
						{
							section: "collector",
							key: "interval",
							value: "60",
						},
					],
				}),
			});

			equal(status === 403 || status === 401, true, `status ${status}`);
		}
	},
});
