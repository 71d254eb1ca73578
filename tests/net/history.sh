#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# history and report of real traffic: sums are what was sent, all of the time is covered, the hole
# of a file that is gone is seen, and what cannot be answered is said.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 "bob=10.0.1.0/24 10.0.2.0/24"
configure interval=2

ask_fails() { # STATUS WORDS COMMAND…
	local said status=0

	said=$(nfm "${@:3}" 2>&1 >/dev/null) || status=$?
	[ "$status" = "$1" ] || fail "${*:3}: status $status instead of $1: $said"
	[[ $said == *"$2"* ]] || fail "${*:3}: it says: $said"
}

agent_start
from=$(($(date +%s) + 1))
send --datagrams 6000 --rate 1500
wait_for 20 snapshots_at_least 5
check_counts

# while it runs: covered wholly, since the open interval is not due
json '.coverage | .share == 1 and .gap_count == 0 and .elapsed_seconds > 2' \
	history alice --from "$(date -d "@$from" +%Y-%m-%dT%H:%M:%S%:z)" ||
	fail "coverage: $(nfm -o json history alice --from -1m | jq -c .coverage)"
agent_stop

# sums, by customer and of all
check_snapshots
nfm -o json report --from -1d >"$LAB/report.json" || fail "report"
found=$(differences "$LAB/sent.sum" "$LAB/report.json") || fail "compare"
[ -z "$found" ] || fail "the report differs: $found"
for id in alice bob; do
	nfm -o json history "$id" --from -1d --step 7m >"$LAB/$id.json" || fail "history $id"
	jq -e --arg id "$id" --slurpfile sent "$LAB/sent.sum" '
		def sums(of): {bytes: ([of.bytes] | add), packets: ([of.packets] | add),
			flows: ([of.flows] | add)};
		.total == $sent[0].by_customer[$id]
		and sums(.points[].up) == .total.up and sums(.points[].down) == .total.down
		and .step_seconds == 420 and .resolution_seconds == 2 and .name == "Name of \($id)"
		' "$LAB/$id.json" >/dev/null ||
		fail "history $id: $(jq -c '[.total, .step_seconds]' "$LAB/$id.json")"
done
for kind in unmatched local; do
	json ".total.up == $(jq -c ".$kind" "$LAB/sent.sum")" history "--$kind" --from -1d ||
		fail "history --$kind"
done
nfm history alice --from -1h >"$LAB/text"
grep -qE '^[-0-9]{10} [:0-9]{8}( +-){6} +0 ' "$LAB/text" || fail "not counted looks like silence"
grep -q 'no maximum and no percentile: no sample of 300 s' "$LAB/text" ||
	fail "a maximum of nothing"
now=$(date +%s)
hour=(--from "$(date -d "@$((now - 3600))" +%Y-%m-%dT%H:%M:%S%:z)"
	--to "$(date -d "@$now" +%Y-%m-%dT%H:%M:%S%:z)" --step 1h)
[ "$(nfm -o csv history alice "${hour[@]}" | wc -l)" = 2 ] || fail "CSV of history"

# steps begin where the clock's do, unless a time is given
nfm -o json history alice --from -40m >"$LAB/clock.json" || fail "history by the clock"
TZ=UTC jq -e '[.points[].time | fromdate % 300] | length >= 9 and all(. == 0)' \
	"$LAB/clock.json" >/dev/null || fail "steps: $(jq -c '[.points[].time]' "$LAB/clock.json")"
TZ=UTC json ".points | length == 1 and (.[0].time | fromdate) == $((now - 3600))" \
	history alice "${hour[@]}" || fail "a time that is given is not kept"
[ "$(nfm -o csv report --from -1d --top 1 --sort total | wc -l)" = 2 ] || fail "CSV of report"

# a file that is gone: its time is not covered, its bytes are missing, and people are told
before=$(nfm -o json report --from -1d | jq .coverage.seconds)
hole=$(snapshots | sed -n 3p)
"$NFMETER" -o json read "$hole" | jq 'if type == "array" then .[0] else . end' >"$LAB/hole.json"
rm "$hole"
nfm -o json report --from -1d >"$LAB/less.json" || fail "report with a hole"
jq -e --slurpfile hole "$LAB/hole.json" --slurpfile all "$LAB/report.json" --argjson before \
	"$before" '.total.bytes == $all[0].total.bytes - $hole[0].total.bytes
	and .coverage.seconds < $before and .coverage.seconds > $before - 2.1
	and .coverage.gap_count == $all[0].coverage.gap_count + 1
	and any(.coverage.gaps[]; .from <= $hole[0].from and .to >= $hole[0].to)' \
	"$LAB/less.json" >/dev/null || fail "the hole: $(jq -c .coverage "$LAB/less.json")"
nfm report --from -1m | grep -q '^INCOMPLETE: coverage [0-9.]* %' || fail "the hole is not said"

# what cannot be answered
nfm history alice --day 2001-02-03 | grep -q '^no data' || fail "a range without data"
nfm report --month 2001-02 | grep -q '^no data' || fail "a report without data"
ask_fails 1 'no customer has this id' history nobody
ask_fails 2 'not understood' history alice --from monday
ask_fails 2 'not understood' history alice --step 5
ask_fails 2 'is empty' report --from now --to -1h
ask_fails 2 'one customer' history alice --local
ask_fails 2 'name a customer' history
ask_fails 2 "whole number" report --percentile 101
ask_fails 1 'more than' history alice --from 1990-01-01 --step 1s
