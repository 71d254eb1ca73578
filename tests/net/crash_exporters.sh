#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Exporters and streams that are new to the agent, which dies while it makes room for them: each has
# one row and one name for good, its datagrams count once, and none shows as lost.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab interval=3600 exporters=any
CUSTOMERS=$LISTED
RANDOM=${NFM_SEED:-3}
agent_start
agent_stop KILL
for host in $(seq 101 112); do
	ip -n "$NS_ROUTER" address add "192.0.2.$host/32" dev r0
	point=exporter+$((RANDOM % 1000))
	((host % 2)) || point=sequence+$((RANDOM % 1500))
	agent_launch_faulty "$point"
	send --from "192.0.2.$host" --datagrams 20
	wait_for 20 agent_is_gone
	agent_was_killed "$point"
	# and its first v9 datagrams, a further stream, are for the next agent
	send --from "192.0.2.$host" --version 9 --layout varlen --datagrams 10
	((host % 2)) || agent_dies "$point"
done
agent_start
# each sends once more: the kernel knows all of them
for host in $(seq 101 112); do
	send --from "192.0.2.$host" --datagrams 40
done
# a datagram that comes out of the ring again is a second copy to its stream: it may be a `reset`
wait_for 10 json 'map(select(.datagrams == 71 and .lost == 0)) | length == 12 and
	all(.[].streams; length == 3 and all(.[]; .lost == 0 and .resets <= 1))' exporters
json 'map(select(.datagrams > 0).address) | length == 12 and (unique | length == 12)' exporters ||
	fail "exporters: $(nfm -o json exporters | jq -c '.[] | [.address, .datagrams]')"
check_exact 50
