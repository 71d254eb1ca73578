#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The snapshot folder takes nothing: log and status say so, counting goes on, and later nothing is
# missing.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure interval=1
agent_start
send --datagrams 300 --rate 300
wait_for 10 snapshots_at_least 1
json '.snapshot.error == null' status || fail "an error without one"
mv "$LAB/state" "$LAB/state.old"
: >"$LAB/state" # a file in its place
wait_for 10 logged 'rotation failed.*state'
wait_for 10 json '.snapshot.error // "" | test("state")' status
send --datagrams 300 --rate 300
agent_stop KILL
agent_start
wait_for 10 json '.snapshot.error // "" | test("state")' status
send --datagrams 300 --rate 300
check_counts
rm "$LAB/state"
mv "$LAB/state.old" "$LAB/state"
wait_for 15 json '.snapshot.error == null' status
check_counts
agent_stop
check_snapshots
