// SPDX-License-Identifier: GPL-2.0-only
/* With 100,000 customers: pages, search and sort stay quick. */
import {
	checkPage,
	cli,
	digits,
	equal,
	open,
	picture,
	run,
	tokens,
	until,
} from "./lib/browser.mjs";

const all = 100000;
const read = { token: tokens.read };
const quick = 3000; // ms: of a machine with other work; by itself it takes a tenth of that

const names = (page) => page.locator("tbody th").allTextContents();

async function timed(what, action, condition) {
	const began = Date.now();

	await action();
	await until(what, condition);
	if (Date.now() - began > quick) throw new Error(`${what} took ${Date.now() - began} ms`);
}

await run({
	async "a hundred rows of 100,000"(browser) {
		const page = await open(browser, {
			...read,
			hash: "#/customers?sort=row&order=asc",
		});

		await until("rows", async () => (await page.locator("tbody tr").count()) === 100);
		equal(digits(await page.textContent(".pager-where")), `1100${all}`, "how many");
		equal((await names(page))[0], "Customer 0", "the first");
		await timed(
			"the last page",
			() => page.getByLabel("Last page").click(),
			async () => (await names(page)).at(-1) === `Customer ${all - 1}`,
		);
		await timed(
			"the page before",
			() => page.getByLabel("Previous page").click(),
			async () => (await names(page))[0] === `Customer ${all - 200}`,
		);
		await checkPage(page);
	},

	async search(browser) {
		const page = await open(browser, {
			...read,
			hash: "#/customers?sort=row&order=asc",
		});

		await page.locator("tbody tr").nth(99).waitFor();
		for (const [text, found] of [
			["Customer 98765", "Customer 98765"],
			["c004242", "Customer 4242"],
			["10.1.134.159", "Customer 99999"],
		]) {
			await timed(
				text,
				() => page.fill("#search", text),
				async () => (await names(page)).join() === found,
			);
		}
		await checkPage(page);
	},

	async sort(browser) {
		const page = await open(browser, { ...read, hash: "#/customers" });
		const [most] = cli(
			"report",
			"--from",
			"-1d",
			"--sort",
			"down",
			"--top",
			"1",
		).customers;

		await page.locator("tbody tr").nth(99).waitFor();
		await timed(
			"by bytes down",
			() => page.locator("button[data-sort=down]").click(),
			async () =>
				(await page.locator("tbody td.id").first().textContent()) ===
				most.id,
		);
		equal(
			digits(
				await page
					.locator("tbody tr")
					.first()
					.locator("td")
					.nth(4)
					.getAttribute("title"),
			),
			most.down.bytes,
			"its bytes",
		);
		await timed(
			"by name",
			() => page.locator("button[data-sort=name]").click(),
			async () =>
				(await names(page)).slice(0, 3).join() ===
				"Customer 0,Customer 1,Customer 10",
		);
		await timed(
			"by id, downwards",
			async () => {
				await page.locator("button[data-sort=id]").click();
				await page
					.locator("th[aria-sort=ascending] button[data-sort=id]")
					.waitFor();
				await page.locator("button[data-sort=id]").click();
			},
			async () => (await names(page))[0] === `Customer ${all - 1}`,
		);
		await checkPage(page);
	},

	async "one of them, and the overview"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers/c000001" });

		await until(
			"totals",
			async () => (await page.locator('tr[data-period="Today"]').count()) === 1,
		);
		await checkPage(page);
		await page.goto(`${new URL(page.url()).origin}/#/`);
		await until(
			"how many",
			async () =>
				digits(
					await page.textContent(".gauge-rest a[href='#/customers']"),
				) === String(all),
		);
		await picture(page, "many");
		await checkPage(page);
	},
});
