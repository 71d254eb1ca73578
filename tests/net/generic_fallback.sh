#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A NIC whose driver knows no XDP gets generic mode, with a warning.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
ip -n "$NS_COLLECTOR" link add link c0 name m0 address 02:00:00:00:00:03 type macvlan mode bridge
address_up "$NS_COLLECTOR" m0 192.0.2.3 2001:db8::3
neighbour "$NS_ROUTER" r0 02:00:00:00:00:03 192.0.2.3

configure xdp=native interfaces=m0
agent_launch
wait "$AGENT" && fail "native attached to a NIC that cannot"
grep -q m0 "$LAB/agent.log" || fail "the error does not name the NIC"
configure xdp=auto
agent_start
json '.interfaces[0] | .name == "m0" and .mode == "generic"' status || fail "no fallback"
logged 'm0.*generic|generic.*m0' || fail "no warning"
send --to 192.0.2.3 --datagrams 300
check_counts
