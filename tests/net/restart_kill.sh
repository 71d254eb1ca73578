#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 under traffic, also while the agent counts what the kernel hands over: nothing lost,
# nothing twice.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
for host in $(seq 1 250); do
	hosts+=("10.0.3.$host=10.0.3.$host/32")
done
customers "${hosts[@]}"
printf 'id,prefixes\nalice,10.0.0.0/24\n' >"$LAB/customers.csv"
configure customers.auto=10.0.3.0/24
CUSTOMERS+=,alice=10.0.0.0/24
agent_start

agent_counted() {
	json ".datagrams.kernel + .datagrams.agent > $before" status
}

# few records a datagram: new hosts keep coming, each a datagram for the agent
send_start --datagrams 9000 --rate 3000 --records 2
for _ in 1 2 3 4 5; do
	before=$(nfm -o json status | jq '.datagrams.kernel + .datagrams.agent')
	wait_for 10 agent_counted
	agent_stop KILL
	agent_start
done
send_wait
check_counts
json '.[0].lost == 0' exporters || fail "loss where there was none"
agent_stop
check_snapshots
