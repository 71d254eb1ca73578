// SPDX-License-Identifier: GPL-2.0-only
/*
 * A browser for the tests of the page, and the command line to compare with. What is wrong with a
 * page beyond what a test asks (errors in the console, requests to elsewhere, a page wider than the
 * screen) makes the test fail that looks at it.
 *
 * Of the environment: NFM_URL, NFM_CONF, NFM_NFMETER, NFM_MODULES (node_modules), NFM_TOKEN_ADMIN,
 * NFM_TOKEN_READ, NFM_TOKEN_CUSTOMER; NFM_PICTURES: a folder for screenshots, or nothing.
 */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { parseExact } from "../../../user/web/static/exact_json.js";

const { chromium } = createRequire(`${process.env.NFM_MODULES}/`)("playwright-core");
const flags = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

export const url = process.env.NFM_URL;
export const tokens = {
	admin: process.env.NFM_TOKEN_ADMIN,
	read: process.env.NFM_TOKEN_READ,
	customer: process.env.NFM_TOKEN_CUSTOMER,
};
export const patience = 15000; // ms: of a machine with other work

/** The browser that is there: Debian's, unless NFM_CHROMIUM names another. */
export function launch() {
	return chromium.launch({
		executablePath: process.env.NFM_CHROMIUM ?? "/usr/bin/chromium",
		args: flags,
	});
}

/**
 * A page of its own, signed in with a token. page.trouble: what went wrong on it beyond the tests;
 * those that match `expected` are no trouble.
 */
export async function open(
	browser,
	{ token, hash = "#/", width = 1280, height = 900, dark = false, expected } = {},
) {
	const context = await browser.newContext({
		viewport: { width, height },
		// a line of one pixel may stand between two, and have neither its colour
		deviceScaleFactor: process.env.NFM_PICTURES ? 1 : 2,
		colorScheme: dark ? "dark" : "light",
		isMobile: width < 500,
		hasTouch: width < 500,
		acceptDownloads: true,
	});
	const page = await context.newPage();

	page.trouble = [];
	page.setDefaultTimeout(patience);
	const note = (text) => expected?.test(text) || page.trouble.push(text);

	page.on(
		"console",
		(message) =>
			/error|warning/.test(message.type()) &&
			note(`${message.text()} ${message.location().url}`),
	);
	page.on("pageerror", (error) => note(error.stack));
	page.on(
		"request",
		(request) =>
			!/^(data|blob):/.test(request.url()) &&
			!request.url().startsWith(`${url}/`) &&
			note(`asks for ${request.url()}`),
	);
	if (token)
		await page.addInitScript(
			(text) => sessionStorage.setItem("nfmeter-token", text),
			token,
		);
	await page.goto(`${url}/${hash}`);
	return page;
}

export async function checkPage(page) {
	const { width } = page.viewportSize();
	const over = (await page.evaluate(() => document.documentElement.scrollWidth)) - width;

	if (over > 0) throw new Error(`the page is ${over} pixels wider than the screen`);
	if (page.trouble.length) throw new Error(page.trouble.join("\n"));
}

/** What the command line says to the same question. */
export function cli(...words) {
	return parseExact(
		execFileSync(
			process.env.NFM_NFMETER,
			["-c", process.env.NFM_CONF, "-o", "json", ...words],
			{ encoding: "utf8", maxBuffer: 1 << 28 },
		),
	);
}

/** The API's answer, {status, body}. */
export async function api(path, token, options = {}) {
	const answer = await fetch(`${url}/api/v1/${path}`, {
		...options,
		headers: token ? { Authorization: `Bearer ${token}` } : {},
	});

	return { status: answer.status, body: parseExact(await answer.text()) };
}

/** Polls until `condition` is true; its last error or value if that takes too long. */
export async function until(what, condition, ms = patience) {
	const deadline = Date.now() + ms;
	let last;

	for (;;) {
		try {
			last = await condition();
			if (last) return last;
		} catch (error) {
			last = error;
		}
		if (Date.now() > deadline)
			throw new Error(`not in time: ${what}: ${last?.stack ?? last}`);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

export function equal(found, wanted, what) {
	if (String(found) !== String(wanted))
		throw new Error(`${what}: found ${found}, wanted ${wanted}`);
}

/** All digits of a number as the page shows it on hover: "1 234 bytes". */
export function digits(text) {
	return (text ?? "").replace(/[^0-9]/g, "");
}

/** How many pixels of a canvas have about the colour of a CSS variable. */
export function pixels(page, selector, variable) {
	return page.evaluate(
		([where, name]) => {
			const canvas = document.querySelector(where);
			const { width, height } = canvas;
			const copy = new OffscreenCanvas(width, height + 1).getContext("2d", {
				willReadFrequently: true,
			});

			copy.drawImage(canvas, 0, 0);
			copy.fillStyle = getComputedStyle(
				document.documentElement,
			).getPropertyValue(name);
			copy.fillRect(0, height, 1, 1);
			const { data } = copy.getImageData(0, 0, width, height);
			const wanted = copy.getImageData(0, height, 1, 1).data;
			let count = 0;

			for (let i = 0; i < data.length; i += 4) {
				const off = [0, 1, 2].reduce(
					(sum, c) => sum + Math.abs(data[i + c] - wanted[c]),
					0,
				);

				count += data[i + 3] > 200 && off < 24;
			}
			return count;
		},
		[selector, variable],
	);
}

/** Pixels that are half transparent: stripes of what was not counted, not curves or the grid. */
export function hatched(page, selector) {
	return page.evaluate((where) => {
		const canvas = document.querySelector(where);
		const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {
			willReadFrequently: true,
		});

		copy.drawImage(canvas, 0, 0);
		const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);

		return data.filter((value, i) => i % 4 === 3 && value > 40 && value < 160).length;
	}, selector);
}

export async function picture(page, name) {
	if (process.env.NFM_PICTURES)
		await page.screenshot({ path: `${process.env.NFM_PICTURES}/${name}.png` });
}

/** Runs tests in order, a line for each: "ok NAME" or "FAIL NAME" with why. */
export async function run(tests) {
	const browser = await launch();
	let failed = 0;

	for (const [name, test] of Object.entries(tests)) {
		const began = Date.now();

		try {
			await test(browser);
			console.log(`ok ${name} (${Date.now() - began} ms)`);
		} catch (error) {
			failed++;
			console.log(`FAIL ${name}\n${error.stack}`);
		}
		await Promise.all(browser.contexts().map((context) => context.close()));
	}
	await browser.close();
	process.exitCode = failed ? 1 : 0;
}
