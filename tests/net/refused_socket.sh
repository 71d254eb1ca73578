#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Socket mode refuses and shows who is not listed, too.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
EXPORTERS='[exporter elsewhere]
address = 203.0.113.9'
configure xdp=off
agent_start
send --datagrams 120 --records 3 --rate 1000
wait_received 120
json '.reasons.refused == 120 and .datagrams.rejected == 120' status || fail "not under the reason"
json '.total.flows == 0' show || fail "something was counted"
refusal_shown() {
	json "[.[] | select(.address == \"$ROUTER\")][0] |
		.state == \"refused\" and .datagrams == 120" exporters
}
wait_for 10 refusal_shown
