#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The wall clock is set forward by an hour under traffic: the open interval goes with it, none is an
# hour long, and all that was sent stands in one file each.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/clock.sh"
lab_open
clock_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=2
agent_start
send_start --datagrams 8000 --rate 1000
wait_for 10 snapshots_at_least 2
clock_set 3600
wait_for 15 snapshots_at_least 5
send_wait
check_counts
agent_stop
logged 'the wall clock was set forward by 3600 s' || fail "not told"
check_snapshots
no_epoch_twice
intervals_step 1 3600
files_meet 'map(select(.to - .from > 3)) | length == 0' "an interval is too long"
files_meet '[.[] | select(.bytes > 0)] | length >= 3' "the traffic is not in several"
