#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Rotation while the agent counts, too: fragments, discovery, wrong datagrams, an agent that is
# killed.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
for host in $(seq 1 250); do
	hosts+=("10.5.1.$host=10.5.1.$host/32")
done
customers "${hosts[@]}"
rm "$LAB/customers.csv"
printf 'id,prefixes\n' >"$LAB/customers.csv"
configure customers.auto=10.5.0.0/16 interval=1
agent_start
send_start --datagrams 6000 --rate 2000 --records 2
wait_for 10 snapshots_at_least 1
agent_stop KILL
agent_start
wait_for 10 snapshots_at_least 3
send_wait
ip -n "$NS_ROUTER" link set dev r0 mtu 1280
send --datagrams 200 --rate 500
check_counts
agent_stop
check_snapshots
