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
json '.reasons["new-exporter"] == 3 and .datagrams.kernel == 300' status ||
	fail "added more than once"
json '[.[] | select(.state == "ok" and .datagrams == 101) | .address] | sort ==
	["192.0.2.11", "192.0.2.12", "192.0.2.13"]' exporters || fail "exporters"

# of v9 and IPFIX the first datagram is a template, or data before it
for host in 14 15; do
	ip -n "$NS_ROUTER" address add "192.0.2.$host/24" dev r0
done
send --from 192.0.2.14 --version 9 --layout ros7 --datagrams 100
send --from 192.0.2.15 --version 10 --datagrams 100 --template-first no --template-every 10
wait_for 10 json '.waiting.sets == 0' status
check_counts
json '[.[] | select(.state == "ok") | .lost] == [0, 0, 0, 0, 0]' exporters ||
	fail "loss where there was none"
