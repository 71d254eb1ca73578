// SPDX-License-Identifier: GPL-2.0-only
/* The form for a token, where the collector wants one. */

import { get, keepToken } from "./api.js";
import { clear, h, put } from "./dom.js";

/** Shows the form in `place` until a token is taken; resolves with what whoami says of it. */
export function signIn(place, why) {
	return new Promise((resolve) => {
		const error = h(
			"p",
			{ class: "field-error", id: "token-error", role: "alert" },
			why ?? "",
		);
		const field = h("input", {
			id: "token",
			type: "password",
			autocomplete: "current-password",
			spellcheck: "false",
			required: true,
			"aria-describedby": "token-error token-help",
		});
		const remember = h("input", { id: "remember", type: "checkbox" });
		const button = h("button", { type: "submit", class: "primary" }, "Sign in");

		async function submit(event) {
			event.preventDefault();
			button.disabled = true;
			put(error, "");
			keepToken(field.value.trim(), remember.checked);
			try {
				resolve(await get("whoami"));
			} catch (problem) {
				keepToken(null);
				put(
					error,
					problem.status === 401
						? "This token is not known. Has it been removed, or cut when it was copied?"
						: problem.message,
				);
				field.focus();
				field.select();
			}
			button.disabled = false;
		}
		clear(
			place,
			h(
				"form",
				{ class: "sign-in panel", onsubmit: submit },
				h("h1", null, "Sign in"),
				h("label", { for: "token" }, "Token"),
				field,
				error,
				h(
					"p",
					{ class: "help", id: "token-help" },
					"It begins with nfm_. The operator makes one with: nfmeter token add read NAME",
				),
				h(
					"label",
					{ class: "check", for: "remember" },
					remember,
					"Remember on this device",
				),
				button,
			),
		);
		field.focus();
	});
}
