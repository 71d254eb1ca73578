#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# No agent, and more datagrams than the ring holds: the rest is rejected under a reason, and the sum
# is right.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$BPF_OBJECT" sec xdp || fail "ip link xdp obj"
send --datagrams 9000 --rate 9000 --records 2
rm "$LAB/sent/1.json"
agent_start
wait_received 9000
json '.reasons["ring-full"] > 0 and .datagrams.rejected == .reasons["ring-full"]' status ||
	fail "no ring-full"
json '.datagrams.agent > 8000' status || fail "the ring held too little"
found=$(nfm -o json show | jq -r -f "$LIB/conserves.jq")
[ -z "$found" ] || fail "$found"
json ".total.flows == $(nfm -o json status | jq '.datagrams.agent * 2')" show ||
	fail "show and status differ"
