#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Data whose template does not come: given up when their time is over, or when the room is needed;
# each set counts.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure template-buffer=64K template-wait=0.1M # six seconds
options=(--version 9 --layout ros7)
agent_start

given_up() { # REASON SETS
	json ".reasons[\"$1\"] == $2" status
}

# 17 records, 1,384 bytes each
send "${options[@]}" --template-first no --template-every 0 --datagrams 100
wait_received 100
kept=$(nfm -o json status | jq .waiting.sets)
((kept > 15 && kept < 50)) || fail "$kept wait"
given_up wait-full $((100 - kept)) || fail "wait-full: $(nfm status)"
send_on 1 "${options[@]}" --datagrams 1 # the template
wait_received 102
wait_for 10 json '.waiting.sets == 0' status
json ".total.flows == 17 * ($kept + 1)" show ||
	fail "not what was kept: $(nfm -o json show | jq -c .total)"

send --version 10 --template-first no --template-every 0 --datagrams 10
wait_for 20 given_up wait-expired 10
json '.waiting.sets == 0' status || fail "given up, but still there"
json ".[0].notes.given_up == 110 - $kept" exporters ||
	fail "the exporter's notes: $(nfm -o json exporters)"
send_on 3 --version 10 --datagrams 1 # too late
wait_received 114
json ".total.flows == 17 * ($kept + 1) + 30" show || fail "what was given up was counted"
found=$(nfm -o json show | jq -r -f "$LIB/conserves.jq")
[ -z "$found" ] || fail "$found"
lines=$(wc -l <"$LAB/agent.log")
((lines < 50)) || fail "$lines lines in the log"
