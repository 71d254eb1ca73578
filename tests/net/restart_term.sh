#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Agents come and go under traffic, each stopped by SIGTERM: not one datagram is lost or counted
# twice.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1 # a final snapshot at each stop, too
agent_start
id=$(xdp_id)

more_received() {
	json ".datagrams.received > $before" status
}

send_start --datagrams 12000 --rate 3000 --records 20
for _ in 1 2 3; do
	before=$(nfm -o json status | jq .datagrams.received)
	agent_stop
	wait_for 10 more_received # the kernel goes on
	agent_start
done
send_wait
check_counts
[ "$(xdp_id)" = "$id" ] || fail "another program"
json '.[0] | .lost == 0 and .streams[0].resets == 0' exporters || fail "loss where there was none"
agent_stop
check_snapshots
