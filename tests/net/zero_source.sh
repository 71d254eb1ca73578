#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A datagram from 0.0.0.0 (a router without src-address) is seen in XDP: refused and shown, or
# counted if listed.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
raw=(--raw-interface r0 --to-mac "$COLLECTOR_MAC" --from 0.0.0.0)
agent_start
send "${raw[@]}" --datagrams 20
rm "$LAB/sent/1.json"
wait_received 20
zero_shown() {
	json '[.[] | select(.address == "0.0.0.0")][0] |
		.state == "refused" and .datagrams == 20' exporters
}
wait_for 10 zero_shown
EXPORTERS='[exporter nameless]
address = 0.0.0.0'
configure
agent_stop
agent_start
send "${raw[@]}" --datagrams 30
wait_received 50
json ".total.flows == $((30 * 30))" show || fail "not counted although listed"
