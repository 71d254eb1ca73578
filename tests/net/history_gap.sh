#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Socket mode without an agent: nobody counts, and history says from when to when.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure interval=2 xdp=off
agent_start
send --datagrams 200 --rate 2000
wait_for 20 snapshots_at_least 2
check_counts
killed=$(date +%s)
agent_stop KILL
wait_for 20 is_later $((killed + 4)) # the time that is to be seen
started=$(date +%s)
agent_start
send --datagrams 200 --rate 2000
check_counts
agent_stop
check_snapshots
from=$(date -d "@$((killed - 1))" +%Y-%m-%dT%H:%M:%S%:z)
nfm -o json history alice --from "$from" >"$LAB/history.json" || fail "history"
jq -e --argjson killed "$killed" --argjson started "$started" '
	.coverage.gap_count == 1
	and (.coverage.gaps[0] | (.from | fromdate) >= $killed - 1
		and (.from | fromdate) <= $killed + 1 and (.to | fromdate) >= $started
		and (.to | fromdate) <= $started + 5)
	and .coverage.elapsed_seconds - .coverage.seconds >= 2' "$LAB/history.json" >/dev/null ||
	fail "killed at $killed, started at $started: $(jq -c .coverage "$LAB/history.json")"
nfm history alice --from "$from" | grep -q 'nothing counted from' || fail "the gap is not said"
