// SPDX-License-Identifier: GPL-2.0-only
// Loaded before the page is drawn, so that a chosen scheme does not flash. Without a choice, that
// of the system holds.
document.documentElement.dataset.theme = localStorage.getItem("nfmeter-theme") ?? "auto";
