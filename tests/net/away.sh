#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Nobody was there for some intervals: what comes after the start does not share a file with that
# time, and so not a cell of history. Socket mode, and a table that outlives a reboot: the monotonic
# clock begins anew, the slots are found again by the wall clock.
. "$(dirname "$0")/../lib/lab.sh"

new=(--version 5 --datagrams 4 --bytes 1000000 --duration 100 --age 0)

late_bytes() { # of all files, in earlier slots
	# shellcheck disable=SC2046 # names without spaces
	"$NFMETER" -o json read $(snapshots) |
		jq -s '[.[] | if type == "array" then .[] else . end
			| .customers[] | .earlier[]? | .up_bytes + .down_bytes] | add // 0'
}

lab_open
customers alice=10.1.0.0/24 bob=10.2.0.0/24
configure xdp=off interval=4
agent_start
send "${new[@]}"
check_counts
agent_stop KILL
# two intervals of four seconds are over, and the open one has just begun
wait_for 20 is_later $((EPOCHSECONDS + 8)) 4
agent_start
send "${new[@]}"
check_counts
agent_stop
check_snapshots
jq -se '[.[] | if type == "array" then .[] else . end]
	| map(select(.merged and (.gaps | length) > 0))
	| length == 1 and .[0].total.flows == 120' \
	"$LAB"/read/* >/dev/null ||
	fail "the time away has no file of its own: $(jq -c '[.from, .to, .merged, .gaps, .total]' \
		"$LAB"/read/*)"

# Ten days of uptime before, none now: what is sent now belongs to now.
rm -rf "$LAB/run" "$LAB/state" "$LAB"/sent/*.json
configure interval=3600
live=("${IN_COLLECTOR[@]}")
IN_COLLECTOR=(unshare --time --fork --kill-child --monotonic 864000 "${live[@]}")
agent_launch
IN_COLLECTOR=("${live[@]}")
wait_for 30 json '.agent.running' status
send "${new[@]}"
wait_for 10 json '.records.received == 120' status
lab_processes | xargs -r kill -KILL
wait "$AGENT" 2>/dev/null
agent_start
send "${new[@]}"
check_counts
agent_stop
check_snapshots
[ "$(late_bytes)" = 0 ] || fail "bytes of now stand in earlier slots: $(late_bytes)"
