#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The wall clock is set back under traffic, by some seconds and by an hour: the open interval ends
# at once, as long as it was, names that are taken are not written over, and rotation goes on by the
# new time.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/clock.sh"
lab_open
clock_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=3

inside_an_interval() { # two seconds behind its start
	[ $(($(clock_now) % 3)) = 2 ]
}

agent_start
send_start --datagrams 16000 --rate 1000
wait_for 15 snapshots_at_least 3
wait_for 15 inside_an_interval
before=$(snapshots | wc -l)
clock_set -6 # into slots that have their files
wait_for 20 snapshots_at_least $((before + 4))
wait_for 15 inside_an_interval
before=$(snapshots | wc -l)
clock_set -3600
wait_for 20 snapshots_at_least $((before + 2))
send_wait
check_counts
agent_stop
logged 'the wall clock was set back by 6 s' && logged 'was set back by 3594 s' || fail "not told"
check_snapshots
no_epoch_twice
# those that were cut keep their length, so that the step shows as that and what they had
files_meet '[range(1; length) as $i | .[$i].from - .[$i - 1].to | select(. < 0)]
	| length == 2 and (.[0] | . <= -6 and . >= -10) and (.[1] | . <= -3594 and . >= -3598)' \
	"not two steps back"
files_meet 'map(select(.to - .from > 4)) | length == 0' "an interval is too long"
files_meet '.[1:-1] | map(select(.to - .from == 0)) | length == 0' "an interval has no length"
files_meet 'map(select(.file | test("^nfmeter\\.[0-9]{14}\\.[0-9]+$"))) | length >= 1' \
	"no name was taken: the test says nothing"
