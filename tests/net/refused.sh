#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An exporter that is not listed is refused and shown; once listed it counts, and the refusals stay
# counted.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
listed=$EXPORTERS
EXPORTERS='[exporter elsewhere]
address = 203.0.113.9'
configure
agent_start
send --datagrams 120 --records 3
rm "$LAB/sent/1.json"
wait_received 120
json '.reasons.refused == 120 and .datagrams.rejected == 120' status || fail "not under the reason"
json '.total.flows == 0 and ([.customers[].up.flows] | add // 0) == 0' show ||
	fail "something was counted"
refusal_shown() {
	json "[.[] | select(.address == \"$ROUTER\")][0] |
		.state == \"refused\" and .datagrams == 120" exporters
}
wait_for 10 refusal_shown
json '[.[] | select(.name == "elsewhere")][0].state == "never"' exporters ||
	fail "the listed one is not never"

EXPORTERS=$listed
configure
agent_stop
agent_start
send --datagrams 200
sent_files >"$LAB/sent.sum"
wait_received 320
nfm -o json show >"$LAB/show.json"
found=$(differences "$LAB/sent.sum" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
json "[.[] | select(.address == \"$ROUTER\")] | any(.state == \"ok\" and .datagrams == 200)" \
	exporters ||
	fail "the exporter is not ok: $(nfm -o json exporters)"
