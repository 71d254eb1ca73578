#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `ip link … xdp obj` attaches; datagrams wait in the ring until an agent adopts program and maps.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob="10.0.1.0/24 10.0.2.7/32"

ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$BPF_OBJECT" sec xdp || fail "ip link xdp obj"
id=$(xdp_id)
send --datagrams 100
agent_start
[ "$(xdp_id)" = "$id" ] || fail "the agent replaced the program that ip link attached"
json ".interfaces[0] | .name == \"c0\" and .mode == \"native\" and .program_id == $id" status ||
	fail "status names another program than ip link's $id"
check_counts
json '.datagrams | .agent == 100 and .kernel == 0' status || fail "who waited was counted elsewhere"

send --datagrams 500
check_counts
json '.datagrams.kernel == 500' status || fail "the adopted program does not count"
[ -e "$PIN" ] || fail "adopted, but not pinned"
