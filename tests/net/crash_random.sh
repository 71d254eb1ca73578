#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 again and again, at any moment: while the agent starts, counts, rotates, or hands over.
# The next one begins at once. Seeded: NFM_SEED=n NFM_KILLS=n go through the same waits again.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab
RANDOM=${NFM_SEED:=$(date +%N | sed 's/^0*//;s/....$//')}
kills=${NFM_KILLS:-220}
echo "seed $NFM_SEED, $kills kills"
agent_start
traffic_start
for ((i = 0; i < kills; i++)); do
	sleep "0.$(printf %03d $((RANDOM % 380 + 20)))"
	kill -KILL "$AGENT" || fail "the agent ended by itself"
	wait "$AGENT" 2>/dev/null
	agent_launch
	((i % 20)) || wait_for 30 little_waits
done
wait_for 30 agent_is_up
traffic_stop
check_exact
check_all_earlier
sort "$LAB/handed" | uniq | diff - <(by_epoch | sort) || fail "not all were handed over"
starts=$(grep -c 'nfmeter .* runs' "$LAB/agent.log")
files=$(snapshots | wc -l)
echo "$starts of $((kills + 1)) agents came to run, $files files"
((starts >= kills / 5 && files >= kills / 30)) ||
	fail "too few agents came to work: the test proves little"
