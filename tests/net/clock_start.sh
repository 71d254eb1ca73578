#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine without a clock starts in 2020, and is told the time a little later: what was counted
# until then is not older than the lifetime, and is kept.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/clock.sh"
lab_open
clock_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=300 expire.lifetime=1d
clock_at '2020-01-01 00:02:00'
agent_start
send --datagrams 500
check_counts
clock_set 0
wait_for 10 logged 'the wall clock was set forward'
wait_for 10 snapshots_at_least 1
send --datagrams 100
check_counts
agent_stop
check_snapshots
no_epoch_twice
files_meet 'map(.file | startswith("nfmeter.2020")) | any | not' "a file of 2020"
files_meet 'length >= 2 and .[0].bytes > 0 and .[0].to - .[0].from < 60' "not kept"
json '.since | startswith("2020") | not' show || fail "since 2020: $(nfm -o json show | jq .since)"
