#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 in the middle of the agent's own counting: a ring full of datagrams that are the agent's
# to count (more records than the kernel's batch), a kill while it works them off, many times. The
# journal makes each count once.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24 carol=10.0.2.0/24
ip -n "$NS_ROUTER" link set dev r0 mtu 3300
ip -n "$NS_COLLECTOR" link set dev c0 mtu 3300
agent_start

flows() {
	nfm -o json show | jq .total.flows
}

inside=0 spin=500 sent=0
for _ in $(seq 1 20); do
	kill -STOP "$AGENT"
	send --datagrams 800 --rate 20000 --records 60
	sent=$((sent + 800 * 60))
	before=$(flows)
	kill -CONT "$AGENT"
	for ((i = 0; i < spin; i++)); do :; done
	agent_stop KILL
	after=$(flows)
	if ((after == before)); then
		spin=$((spin * 2)) # too early
	elif ((after == sent)); then
		spin=$((spin * 2 / 3)) # too late
	else
		inside=$((inside + 1))
	fi
	agent_start
done
check_counts
json ".datagrams.agent == $((20 * 800)) and .reasons.large == $((20 * 800))" status ||
	fail "counted elsewhere"
json '.[0].lost == 0' exporters || fail "loss where there was none"
echo "killed inside the work: $inside of 20"
((inside > 0)) || fail "no kill came while the agent worked: the test proves nothing"
agent_stop
check_snapshots
