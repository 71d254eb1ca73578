#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The agent dies at instructions all over its counting: while a batch goes to the journal, to the
# rows and to the ring's position, while a new customer gets its row, and while the next agent
# repairs that or reads the customers. Traffic goes on, and each datagram counts once.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab
agent_start
traffic_start
agent_stop KILL
RANDOM=${NFM_SEED:-5}

dies_at() { # POINT TIMES MOST-INSTRUCTIONS
	agent_dies "$1:$((RANDOM % $2 + 1))+$((RANDOM % $3))"
}

for _ in 1 2 3 4; do
	for _ in 1 2 3 4 5 6; do
		dies_at commit 60 1500
		((RANDOM % 3)) || agent_dies "recover+$((RANDOM % 800))"
	done
	dies_at discover 10 600
	dies_at discover 10 600
	dies_at apply 1 6000
	agent_start
	wait_for 30 little_waits
	agent_stop KILL
done
agent_start
traffic_stop
check_exact
check_all_earlier
repaired=$(grep -c 'finished a batch that an earlier agent had begun' "$LAB/agent.log")
echo "batches that the next agent finished: $repaired"
((repaired >= 5)) || fail "only $repaired batches were under way: the test proves nothing"
