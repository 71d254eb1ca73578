#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# exporters = any: who sends is added, once, and the next datagrams are counted in the kernel.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
EXPORTERS=''
configure exporters=any
for host in 11 12 13; do
	ip -n "$NS_ROUTER" address add "192.0.2.$host/24" dev r0
	neighbour "$NS_COLLECTOR" c0 "$ROUTER_MAC" "192.0.2.$host"
done
agent_start
for host in 11 12 13; do
	send --from "192.0.2.$host" --datagrams 1
	check_counts # this one has gone through the agent
	send --from "192.0.2.$host" --datagrams 100
done
check_counts
json '.reasons["new-exporter"] == 3 and .datagrams.kernel == 300' status || fail "added more than once"
json '[.[] | select(.state == "ok" and .datagrams == 101) | .address] | sort ==
	["192.0.2.11", "192.0.2.12", "192.0.2.13"]' exporters || fail "exporters"
