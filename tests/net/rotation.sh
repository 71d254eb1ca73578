#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Snapshots every second under traffic: each file conserves, and all of them together are what was
# sent.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24 "carol=10.0.2.0/23 172.16.0.0/12"
configure interval=1
agent_start
send --datagrams 12000 --rate 3000
wait_for 10 snapshots_at_least 4
check_counts
json '.snapshot.epoch >= 3 and (.snapshot.last | startswith("'"$LAB"'/state/nfmeter."))' status ||
	fail "status"
agent_stop # closes the open interval
check_snapshots
[ "$(find "$LAB/state" -name '.*' -type f | wc -l)" = 0 ] || fail "temporary files are left"
# one after the other, without a gap and without an overlap
jq -se 'map(if type == "array" then .[0] else . end) | sort_by(.epoch)
	| [range(1; length) as $i
		| .[$i].from == .[$i - 1].to and .[$i].epoch == .[$i - 1].epoch + 1]
	| all' "$LAB"/read/* >/dev/null ||
		fail "intervals do not join: $(jq -c '[.from, .to, .epoch]' "$LAB"/read/*)"
logged '^(<[0-7]>)?.*snapshot' || fail "rotations leave no line in the log"
