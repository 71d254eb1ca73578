// SPDX-License-Identifier: GPL-2.0-only
/* The form for a token, where the collector wants one. */

import { get, keepToken } from "./api.js";
import { clear, h, put } from "./dom.js";

const help = "It begins with nfm_. The operator makes one with: nfmeter token add read NAME";
const unknown = "This token is not known. Has it been removed, or cut when it was copied?";

function parts(why) {
	return {
		error: h("p", { class: "field-error", id: "token-error", role: "alert" },
			why ?? ""),
		field: h("input", { id: "token", type: "password", autocomplete: "current-password",
			spellcheck: "false", "aria-describedby": "token-error token-help" }),
		remember: h("input", { id: "remember", type: "checkbox" }),
		button: h("button", { type: "submit", class: "primary" }, "Sign in"),
	};
}

/** What whoami says of a token; null, with the reason shown, if it is not taken. */
async function tryToken({ error, field, remember, button }) {
	button.disabled = true;
	put(error, "");
	keepToken(field.value.trim(), remember.checked);
	try {
		return await get("whoami");
	} catch (problem) {
		keepToken(null);
		put(error, problem.status === 401 ? unknown : problem.message);
		button.disabled = false;
		field.focus();
		field.select();
		return null;
	}
}

/** Shows the form in `place` until a token is taken; resolves with what whoami says of it. */
export function signIn(place, why) {
	const form = parts(why);

	return new Promise((resolve) => {
		async function submit(event) {
			event.preventDefault();
			const me = await tryToken(form);

			if (me)
				resolve(me);
		}
		clear(place, h("form", { class: "sign-in panel", onsubmit: submit },
			h("h1", null, "Sign in"),
			h("label", { for: "token" }, "Token"), form.field, form.error,
			h("p", { class: "help", id: "token-help" }, help),
			h("label", { class: "check", for: "remember" }, form.remember,
				"Remember on this device"),
			form.button));
		form.field.focus();
	});
}
