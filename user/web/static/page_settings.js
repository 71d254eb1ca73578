// SPDX-License-Identifier: GPL-2.0-only
import { h } from "./dom.js";
export function settingsPage(content) { content.append(h("h1", null, "Settings")); }
