#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The state folder goes from under a running agent: it is made again, with what is counted since
# and the templates that are known; while that cannot be, status and log say so.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/disk.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
agent_start
send --datagrams 100
send --version 9 --layout ros7 --datagrams 20
wait_for 10 snapshots_at_least 1
json 'length > 0' templates || fail "no template was learned"

folder_is_back() {
	snapshots_at_least 1 && [ -s "$LAB/state/templates" ]
}

mkdir "$LAB/taken"
mv "$LAB/state" "$LAB/taken/1"
send --datagrams 200
wait_for 30 folder_is_back
json 'length > 0' templates || fail "the templates were not written again"
send_on 2 --version 9 --layout ros7 --datagrams 20 --template-first no --template-every 0
check_counts
agent_stop

# a file in its way, unless the agent is faster with a new folder
file_instead() {
	mv "$LAB/state" "$LAB/taken/$(date +%N)" && : >"$LAB/state"
}

: >"$LAB/agent.log"
agent_start
wait_for 10 file_instead 2>"$LAB/error"
send --datagrams 300
check_counts
wait_for 10 cannot_write 'Not a directory; check \[collector\] directory'
rm "$LAB/state"
wait_for 15 can_write
agent_stop
number=0
for file in "$LAB"/taken/*/nfmeter.*; do # names that the new folder may have, too
	number=$((number + 1))
	mv "$file" "$LAB/state/${file##*/}.9$number"
done
check_snapshots
