#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Days that are over are rolled up by the agent, after its start and after a rotation; once, whoever
# does it; a failure is said once and made up for.
. "$(dirname "$0")/../lib/lab.sh"
export TZ=UTC0
MAKE_DAYS=$BUILD/tests/bench/bench_history
[ -x "$MAKE_DAYS" ] || fail "$MAKE_DAYS is not built"
lab_open
customers alice=10.0.0.0/24
mkdir "$LAB/state"
rollup=$LAB/state/rollup

date_of() { # DAYS AGO
	date -d "$1 days ago" +%Y%m%d
}

rolled_up() { # DATE…
	local date tier

	for date in "$@"; do
		for tier in samples hours days; do
			[ -s "$rollup/$tier.$date" ] || return
		done
	done
}

agent_is_alone() {
	[ -z "$(pgrep -P "$AGENT")" ]
}

# The agent's snapshots may reach back into the last of them.
drop_own() {
	find "$LAB/state" -maxdepth 1 -name 'nfmeter.*' -newer "$LAB/made" -delete
}

list() { # with inodes and times: written again, they would be others
	stat -c '%n %i %s %y' "$rollup"/*.*
}

# Two days and a half of half hours, which may reach back for half a day.
"$MAKE_DAYS" -m -d "$LAB/state" -c 40 -n 2 -i 1800 \
	-f "$(date -d "$(date_of 3)" +%s)" || fail "no snapshots"

: >"$LAB/made"

# By the snapshots alone the two whole days are over, and of the one before only late bytes came.
configure interval=7200
agent_start
wait_for 30 rolled_up "$(date_of 4)" "$(date_of 3)" "$(date_of 2)"
wait_for 10 agent_is_alone
[ ! -e "$rollup/days.$(date_of 1)" ] || fail "a day was rolled up before it was over"
agent_stop
drop_own
before=$(list)
[ "$(wc -l <<<"$before")" = 9 ] || fail "other files: $before"

# Once: neither by hand, nor by the next agent.
json '.days == 0 and .expired == 0' rollup || fail "something was left to do"
nfm rollup | grep -q 'no day is over' || fail "in words"
[ "$(list)" = "$before" ] || fail "files were written again"

# A rotation tells that a further day is over: that of the last snapshots.
configure interval=1
agent_start
wait_for 30 rolled_up "$(date_of 1)"
wait_for 10 agent_is_alone
agent_stop
drop_own
[ "$(list | grep -v "$(date_of 1)")" = "$before" ] || fail "files were written again"

# What is removed is made again, the same; without a configuration, too.
cp -r "$rollup" "$LAB/copy"
rm "$rollup"/*."$(date_of 2)"
if [ ! -e /etc/nfmeter/nfmeter.conf ]; then
	"$NFMETER" -o json rollup "$LAB/state" | jq -e '.days == 1 and .customers == 40' \
		>/dev/null || fail "without a configuration"
else
	json '.days == 1 and .customers == 40' rollup || fail "one day was to do"
fi
diff -r "$LAB/copy" "$rollup" || fail "the same snapshots, another rollup"

# Limits: the oldest go, and are not made again.
configure expire.lifetime-hours=48H expire.lifetime-days=72H
json '.days == 0 and .expired == 3' rollup || fail "nothing expired"
[ ! -e "$rollup/hours.$(date_of 3)" ] && [ ! -e "$rollup/days.$(date_of 4)" ] ||
	fail "the oldest are still there"
[ -e "$rollup/hours.$(date_of 2)" ] && [ -e "$rollup/days.$(date_of 3)" ] &&
	[ -e "$rollup/samples.$(date_of 4)" ] ||
	fail "too much went"
json '.days == 0 and .expired == 0' rollup || fail "what had expired was made again"
configure expire.lifetime-hours= expire.lifetime-days=

# A file is in the way: one line, however often it is tried; then it is made up for.
mv "$rollup" "$LAB/aside"
: >"$rollup"
: >"$LAB/agent.log"
snapshots_since() {
	[ "$(find "$LAB/state" -maxdepth 1 -newer "$rollup" -name 'nfmeter.*' | wc -l)" -ge 3 ]
}
agent_start
wait_for 15 snapshots_since
wait_for 5 logged 'rollup: exit status 1; it is tried again'
nfm rollup 2>"$LAB/said" && fail "rolled up into a file"
grep -q "$rollup.*Not a directory" "$LAB/said" || fail "said: $(cat "$LAB/said")"
[ "$(grep -c 'rollup' "$LAB/agent.log")" = 2 ] || # why, and that it is tried again
	fail "said more than once, or not at all"
rm "$rollup"
wait_for 15 rolled_up "$(date_of 2)" "$(date_of 1)"
wait_for 15 logged 'rollup: done, after it had failed'
agent_stop

nfm rollup "$LAB/no" 2>"$LAB/said" && fail "rolled up a folder that is not there"
grep -q "$LAB/no" "$LAB/said" || fail "said: $(cat "$LAB/said")"
nfm rollup a b >/dev/null 2>&1
[ $? = 2 ] || fail "two folders are wrong usage"
exit 0
