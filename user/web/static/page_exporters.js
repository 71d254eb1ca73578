// SPDX-License-Identifier: GPL-2.0-only
import { h } from "./dom.js";
export function exportersPage(content) { content.append(h("h1", null, "Exporters")); }
