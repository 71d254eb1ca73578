#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Tee has no socket of its own: a fragment is passed on and rejected under a reason of its own.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure tee=yes
sink_start "$NS_COLLECTOR" 0.0.0.0 9995 "$LAB/old"
agent_start
send --datagrams 20
ip -n "$NS_ROUTER" link set dev r0 mtu 1280
send --datagrams 20 --rate 500 --save "$LAB/sent.fragments"
rm "$LAB/sent/2.json"
wait_received 40
json '.reasons["fragment-tee"] == 20 and .datagrams.rejected == 20' status || fail "no reason"
json ".total.flows == $((20 * 30))" show || fail "counts"
all_passed() {
	[ "$(stat -c %s "$LAB/old")" = "$((2 * $(stat -c %s "$LAB/sent.fragments")))" ]
}
wait_for 10 all_passed
