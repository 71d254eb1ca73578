#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The disk fills up: counting goes on, status and log say what to do; with room again the interval
# that could not be written comes with its own boundaries, the next one is merged out of all that
# has passed since, and nothing is missing or twice.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/disk.sh"
lab_open
disk_mount 256K
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=2
agent_start
send --datagrams 100
wait_for 10 snapshots_at_least 1
disk_fill
send --datagrams 200
wait_for 10 cannot_write 'No space left on device; free space there, or lower size or lifetime'
failed=$(date +%s)
before=$(snapshots | wc -l)
send --datagrams 300
check_counts
wait_for 15 seconds_from "$failed" 7
send --datagrams 50
check_counts
[ "$(snapshots | wc -l)" = "$before" ] || fail "a snapshot was written to a full disk"

disk_free
wait_for 15 can_write
send --datagrams 100
wait_for 15 snapshots_at_least $((before + 4))
agent_stop
check_snapshots
[ -z "$(find "$LAB/state" -name '~nfmeter.tmp*')" ] || fail "temporary files are left"
# one after the other; the last one is cut by the stop
intervals >"$LAB/intervals"
jq -e '[range(1; length) as $i | .[$i].from == .[$i - 1].to
	and .[$i].epoch == .[$i - 1].epoch + 1] | all' "$LAB/intervals" >/dev/null ||
	fail "intervals do not join: $(jq -c . "$LAB/intervals")"
jq -e --argjson before "$before" '.[1:-1]
	| (map(select(.length > 2)) | length == 1 and .[0].length >= 6)
	and (map(select(.merged)) == map(select(.length > 2)))
	and .[$before - 1].length == 2 and .[$before].length > 2' "$LAB/intervals" >/dev/null ||
	fail "not one merged interval behind the one that waited: $(jq -c . "$LAB/intervals")"
