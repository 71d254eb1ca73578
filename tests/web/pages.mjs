// SPDX-License-Identifier: GPL-2.0-only
/* When traffic has ended: every page shows what the command line says, to the byte. */
import { readFile } from "node:fs/promises";
import {
	checkPage,
	cli,
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

const read = { token: tokens.read };
const plot = ".plot canvas";
const alice = '<b>Alice</b> & "Sons"';

function text(locator) {
	return locator.textContent();
}

async function title(locator) {
	return digits(await locator.getAttribute("title"));
}

// The columns Down and Up of the totals table, as the page names periods.
async function totals(page, period) {
	const cells = page.locator(`tr[data-period="${period}"] td`);

	await cells.first().waitFor();
	return [await title(cells.nth(0)), await title(cells.nth(1)), await title(cells.nth(2))];
}

async function saved(page, label) {
	const [file] = await Promise.all([
		page.waitForEvent("download"),
		page.getByRole("button", { name: label, exact: true }).click(),
	]);

	return { name: file.suggestedFilename(), body: await readFile(await file.path()) };
}

// A curve of some seconds may be less than a pixel wide; stripes are there, too.
async function drawn(page) {
	return (await hatched(page, plot)) > 1000;
}

async function wholeChart(page) {
	await until("a chart", async () => (await pixels(page, plot, "--up")) > 3);
	await until(
		"it has come",
		async () => (await page.locator(".chart[aria-busy]").count()) === 0,
	);
}

await run({
	async "customers: totals are those of show"(browser) {
		const page = await open(browser, {
			...read,
			hash: "#/customers?sort=id&order=asc",
		});
		const { customers } = cli("show");

		await until(
			"all rows",
			async () => (await page.locator("tbody tr").count()) === customers.length,
		);
		for (const [i, customer] of customers
			.sort((a, b) => (a.id < b.id ? -1 : 1))
			.entries()) {
			const cells = page.locator("tbody tr").nth(i).locator("td");

			equal(await text(cells.nth(0)), customer.id, "id");
			equal(await title(cells.nth(4)), customer.down.bytes, "down");
			equal(await title(cells.nth(5)), customer.up.bytes, "up");
		}
		equal(await text(page.locator("tbody tr").first().locator("th")), alice, "name");
		equal(await page.locator("tbody b").count(), 0, "elements out of a name");
		await until(
			"sparklines",
			async () =>
				(await page.locator("canvas.spark").count()) === customers.length,
		);
		await until(
			"one is drawn",
			async () => (await pixels(page, "canvas.spark", "--down")) > 3,
		);
		await checkPage(page);
	},

	async "customers: search and sort stand in the address"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers" });

		await page.locator("tbody tr").nth(2).waitFor();
		await page.keyboard.press("/");
		await page.keyboard.type("10.0.2");
		await until("one row", async () => (await page.locator("tbody tr").count()) === 1);
		equal(await text(page.locator("tbody th")), "Name of bob", "found by its prefix");
		equal(new URL(page.url()).hash, "#/customers?q=10.0.2", "address");
		await page.reload();
		await until(
			"the same",
			async () =>
				(await page.inputValue("#search")) === "10.0.2" &&
				(await page.locator("tbody tr").count()) === 1,
		);
		await page.fill("#search", "nobody of that name");
		await page.getByText("No customer matches").waitFor();
		await page.fill("#search", "");
		await page.getByRole("button", { name: "Customer" }).click();
		await until(
			"sorted",
			async () =>
				(await page.getAttribute(
					"th[aria-sort]:has(" + "button[data-sort=name])",
					"aria-sort",
				)) === "ascending" &&
				(await page.locator("tbody th").allTextContents()).join() ===
					[alice, "Name of bob", "Name of carol"].join(),
		);
		await page.keyboard.press("Enter");
		await until(
			"the other way",
			async () =>
				(await page.locator("tbody th").allTextContents()).join() ===
				["Name of carol", "Name of bob", alice].join(),
		);
		await checkPage(page);
	},

	async "customers: totals of today are those of report"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers?period=today" });
		const report = cli("report", "--day", "today", "--sort", "total");

		await until(
			"rows",
			async () =>
				(await page.locator("tbody tr").count()) ===
				report.customers.length,
		);
		for (const [i, customer] of report.customers.entries()) {
			const cells = page.locator("tbody tr").nth(i).locator("td");

			equal(await text(cells.nth(0)), customer.id, "order");
			equal(await title(cells.nth(1)), customer.down.bytes, "down");
			equal(await title(cells.nth(2)), customer.up.bytes, "up");
		}
		await page.getByText("covered").waitFor();
		await checkPage(page);
	},

	async "a customer: chart, totals and coverage are those of history"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers/alice" });
		const day = cli("history", "alice", "--day", "today", "--step", "1d");
		const { up, down } = day.total;

		await wholeChart(page);
		equal(await text(page.locator("h1")), alice, "name");
		equal(
			await totals(page, "Today"),
			[down.bytes, up.bytes, BigInt(down.bytes) + BigInt(up.bytes)],
			"today",
		);
		equal(await totals(page, "Yesterday"), [0, 0, 0], "yesterday");
		equal(
			await title(page.locator(".summary .down").first()),
			down.bytes,
			"in this range",
		);
		await page.locator(".summary .quality.warn").waitFor();
		await until("what was not counted is hatched", () => drawn(page));
		await checkPage(page);
		await picture(page, "customer");
	},

	async "a customer: zoom by keys, by drag and by buttons; back"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers/alice" });
		const range = () => text(page.locator(".range-text"));

		await wholeChart(page);
		const whole = await range();

		await page.locator(".plot").focus();
		await page.keyboard.press("+");
		await until("zoomed", async () => (await range()) !== whole);
		equal(/from=\d+&to=\d+/.test(page.url()), true, "the address has the range");
		await page.keyboard.press("ArrowRight");
		await until("a point is read", async () =>
			/\d\d:\d\d/.test(await text(page.locator(".readout"))),
		);
		await page.keyboard.press("0");
		await until("whole again", async () => (await range()) === whole);
		const box = await page.locator(".u-over").boundingBox();

		await page.mouse.move(box.x + box.width / 2, box.y + 50);
		await page.mouse.down();
		await page.mouse.move(box.x + box.width / 2 + 150, box.y + 60, { steps: 4 });
		await page.mouse.up();
		await until("dragged", async () => (await range()) !== whole);
		await page.goBack();
		await until("back", async () => (await range()) === whole);
		await page.getByRole("button", { name: "7 days" }).click();
		await until("7 days", async () => /by 1 h/.test(await range()));
		await checkPage(page);
	},

	async "a customer: every range draws"(browser) {
		for (const key of ["24h", "7d", "30d", "12mo", "month"]) {
			const page = await open(browser, {
				...read,
				hash: `#/customers/bob?range=${key}`,
			});

			await until("a chart", () => drawn(page));
			equal(
				await page.getAttribute(`[data-range="${key}"]`, "aria-pressed"),
				"true",
				key,
			);
			await checkPage(page);
			await page.close();
		}
	},

	async "a customer: CSV, JSON and PNG"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers/bob" });

		await wholeChart(page);
		const csv = await saved(page, "CSV");
		const json = await saved(page, "JSON");
		const png = await saved(page, "PNG");

		equal(/^nfmeter-bob-[-\d]+\.csv$/.test(csv.name), true, csv.name);
		equal(csv.body.toString().startsWith("time,up_bytes,"), true, "CSV");
		equal(JSON.parse(json.body).id, "bob", "JSON");
		equal(png.body.subarray(1, 4).toString(), "PNG", "PNG");
		await checkPage(page);
	},

	async "traffic of no customer"(browser) {
		const page = await open(browser, { ...read, hash: "#/traffic/unmatched" });
		const { total } = cli("history", "--unmatched", "--day", "today", "--step", "1d");

		await wholeChart(page);
		const cell = page.locator('tr[data-period="Today"] td').first();

		equal(await title(cell), total.up.bytes, "bytes");
		await checkPage(page);
	},

	async "exporters: states and loss are those of exporters"(browser) {
		const page = await open(browser, { ...read, hash: "#/exporters" });
		const rows = cli("exporters");

		await until(
			"all rows",
			async () =>
				(await page.locator(".table-place tbody tr").count()) ===
				rows.length,
		);
		for (const [i, row] of rows.entries()) {
			const cells = page.locator(".table-place tbody tr").nth(i).locator("td");

			equal(await text(cells.nth(0)), row.state, "state");
			equal(await text(cells.nth(1)), row.address, "address");
			equal(digits(await text(cells.nth(6))), row.lost, "lost");
		}
		equal(
			rows.some((row) => row.lost > 0),
			true,
			"something was lost",
		);
		equal(
			await text(page.locator(".refused-item code").first()),
			`[exporter router-192-0-2-77]\naddress = ${process.env.NFM_UNKNOWN}\n`,
			"snippet",
		);
		equal(await page.locator(".refused-item form").count(), 0, "forms of a reader");
		await until(
			"loss over time",
			async () => (await pixels(page, ".bars", "--bad")) > 0,
		);
		await checkPage(page);
		await picture(page, "exporters");
	},

	async "settings: values and where they come from"(browser) {
		const page = await open(browser, { ...read, hash: "#/settings" });

		equal(
			await text(page.locator("#setting-collector-interval .setting-value code")),
			"2",
			"interval",
		);
		equal(
			await text(page.locator("#setting-collector-interval .tag.file")),
			"file",
			"origin",
		);
		equal(await page.locator("form").count(), 0, "forms of a reader");
		await checkPage(page);
	},

	async "every page fits a phone and has no trouble, light and dark"(browser) {
		for (const dark of [false, true]) {
			for (const hash of [
				"#/",
				"#/customers",
				"#/customers?period=month",
				"#/customers/alice",
				"#/exporters",
				"#/exporters/192.0.2.1",
				"#/settings",
				"#/nowhere",
			]) {
				const page = await open(browser, {
					...read,
					hash,
					dark,
					width: 360,
					height: 740,
				});

				await page.locator("h1").first().waitFor({ state: "attached" });
				await page.waitForLoadState("load");
				await until(
					"its content",
					async () =>
						(await page
							.locator(
								"#main :is(table, code, .notice)",
							)
							.count()) > 0,
				);
				await checkPage(page);
				if (dark && hash === "#/customers/alice") {
					await until("a chart", () => drawn(page));
					await picture(page, "customer-phone");
				}
				await page.close();
			}
		}
	},

	async "keyboard: skip link, and all that can be used has a name"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers" });

		await page.locator("tbody tr").first().waitFor();
		await page.keyboard.press("Tab");
		equal(
			await page.evaluate(() => document.activeElement.className),
			"skip",
			"skip link",
		);
		await page.keyboard.press("Enter");
		equal(await page.evaluate(() => document.activeElement.id), "main", "content");
		const nameless = await page.evaluate(
			() =>
				[...document.querySelectorAll("button, input, select, a")].filter(
					(one) =>
						!(
							one.textContent.trim() ||
							one.getAttribute("aria-label") ||
							one.labels?.length
						),
				).length,
		);

		equal(nameless, 0, "controls without a name");
		await checkPage(page);
	},

	async "colours are switched, and stay"(browser) {
		const page = await open(browser, { ...read, hash: "#/customers/alice" });
		const back = () =>
			page.evaluate(
				() => getComputedStyle(document.documentElement).backgroundColor,
			);

		await wholeChart(page);
		const light = await back();

		await page.selectOption(".theme", "dark");
		equal((await back()) !== light, true, "another colour");
		await until(
			"the chart in its colours",
			async () => (await pixels(page, plot, "--up")) > 3,
		);
		await page.reload();
		await page.locator("h1").waitFor();
		equal(
			await page.evaluate(() => document.documentElement.dataset.theme),
			"dark",
			"kept",
		);
		await checkPage(page);
	},
});
