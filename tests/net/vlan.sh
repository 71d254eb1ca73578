#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One and two VLAN tags are looked through; a third is left to the stack.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
raw=(--raw-interface r0 --to-mac "$COLLECTOR_MAC" --from "$ROUTER")
send "${raw[@]}" --datagrams 100
send "${raw[@]}" --datagrams 100 --vlan 7
send "${raw[@]}" --datagrams 100 --vlan 100,7
check_counts
json '.datagrams.kernel == 300' status || fail "not counted in the kernel"
send "${raw[@]}" --datagrams 100 --vlan 1,2,3 --records 29
rm "$LAB/sent/4.json"
send --datagrams 1 # a mark behind them: what would come has come
check_counts
