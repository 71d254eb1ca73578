#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 while a template changes again and again: the kernel decodes with no layout that is no
# longer right, also without an agent, and the next agent goes on where the last one was.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1 # snapshots meanwhile
agent_start

more_received() {
	json ".datagrams.received > $before + 200" status
}

send_start --version 9 --layout ros7 --datagrams 14000 --redefine 97 --rate 2000 --template-every 10
for _ in 1 2 3 4 5 6; do
	before=$(nfm -o json status | jq .datagrams.received)
	wait_for 10 more_received
	agent_stop KILL
	before=$(nfm -o json status | jq .datagrams.received)
	wait_for 10 more_received # on its own
	agent_start
done
send_wait
check_counts
json '.[0].lost == 0' exporters || fail "loss where there was none"
json '.waiting.sets == 0 and .datagrams.rejected == 0' status || fail "left over"
kernel_share 3 0 0 # of a busy machine
agent_stop
check_snapshots
