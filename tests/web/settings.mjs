// SPDX-License-Identifier: GPL-2.0-only
/* An administrator changes settings, routers and customers, and they take effect. */
import { api, checkPage, cli, equal, open, picture, run, tokens, until } from "./lib/browser.mjs";

const admin = { token: tokens.admin };
const refused = /status of 40[0-9]|status of 503|ERR_|does not answer/;

async function effective(key) {
	const { body } = await api("config", tokens.admin);

	return body.settings?.find((one) => `${one.section}.${one.key}` === key)?.value;
}

await run({
	async "a wrong value is refused at its field"(browser) {
		const page = await open(browser, {
			...admin,
			hash: "#/settings",
			expected: refused,
		});
		const row = page.locator("#setting-collector-interval");

		await row.locator("input").fill("soon");
		await row.locator("input").press("Enter");
		await until("an error", async () =>
			(await row.locator(".field-error").textContent()).includes("soon"),
		);
		equal(await row.locator("input").getAttribute("aria-invalid"), "true", "marked");
		equal(await effective("collector.interval"), "2", "unchanged");
		await checkPage(page);
	},

	async "the interval changes at once"(browser) {
		const page = await open(browser, {
			...admin,
			hash: "#/settings",
			expected: refused,
		});
		const row = page.locator("#setting-collector-interval");

		await row.locator("input").fill("3");
		await row.getByRole("button", { name: "Set" }).click();
		await row.getByText("Applied").waitFor();
		await until(
			"in effect",
			async () => (await effective("collector.interval")) === "3",
		);
		await page.reload();
		await until(
			"shown",
			async () =>
				(await row.locator("input").inputValue()) === "3" &&
				(await row.getByText("set here").count()) === 1,
		);
		await checkPage(page);
		await picture(page, "settings");
	},

	async "the directory size and a lifetime"(browser) {
		const page = await open(browser, {
			...admin,
			hash: "#/settings",
			expected: refused,
		});

		for (const [key, value] of [
			["size", "20G"],
			["lifetime", "60d"],
		]) {
			const row = page.locator(`#setting-expire-${key}`);

			await row.locator("input").fill(value);
			await row.locator("input").press("Enter");
			await row.getByText("Applied").waitFor();
			await until(key, async () => (await effective(`expire.${key}`)) === value);
		}
		await checkPage(page);
	},

	async "a refused router is added, counted and removed"(browser) {
		const page = await open(browser, {
			...admin,
			hash: "#/exporters",
			expected: refused,
		});
		const address = process.env.NFM_UNKNOWN;
		const state = () => cli("exporters").find((one) => one.address === address)?.state;

		equal(state(), "refused", "before");
		await page.getByText("Add this router now").click();
		await page.getByRole("button", { name: "Add router" }).click();
		await until("known", () => state() !== "refused");
		await page.goto(`${new URL(page.url()).origin}/#/settings`);
		const row = page.locator(".setting", { hasText: "router-192-0-2-77" });

		await row.getByText("Change", { exact: true }).first().click();
		await row.getByRole("button", { name: "Remove" }).click();
		await row.getByRole("button", { name: "Press again" }).click();
		await until(
			"removed",
			async () =>
				!(await api("config", tokens.admin)).body.exporters?.some((one) =>
					one.addresses.includes(address),
				),
		);
		await checkPage(page);
	},

	async "a customer is added, changed and removed"(browser) {
		const page = await open(browser, {
			...admin,
			hash: "#/settings",
			expected: refused,
		});
		const listed = () => cli("customers", "list").find((one) => one.id === "dave");

		await page.getByText("Add a customer").click();
		const form = page.locator("details[open] form");

		await form.getByLabel("Id").fill("dave");
		await form.getByLabel("Name").fill("Dave");
		await form.getByLabel("Prefixes").fill("no prefix");
		await form.getByRole("button", { name: "Add customer" }).click();
		await until(
			"refused",
			async () =>
				(
					await form
						.locator(
							".field:has-text('Prefixes') " +
								".field-error",
						)
						.textContent()
				).length > 0,
		);
		await form.getByLabel("Prefixes").fill("10.9.0.0/24, 2001:db8:9::/48");
		await form.getByRole("button", { name: "Add customer" }).click();
		await until("listed", () => listed()?.prefixes.length === 2);
		await page.goto(`${new URL(page.url()).origin}/#/customers/dave`);
		await page.getByText("Change this customer").click();
		await page.locator(".edit form").getByLabel("Name").fill("David");
		await page.getByRole("button", { name: "Change", exact: true }).click();
		await until("changed", () => listed()?.name === "David");
		await page.getByRole("button", { name: "Remove" }).click();
		await page.getByRole("button", { name: "Press again" }).click();
		await until("removed", () => !listed());
		await checkPage(page);
	},
});
