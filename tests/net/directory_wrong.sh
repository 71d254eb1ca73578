#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A folder that takes no snapshots is told of at the start, and keeps nothing from being counted;
# once it is there, the file comes.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
: >"$LAB/in-the-way"
configure directory="$LAB/in-the-way/state"
agent_start
logged 'in-the-way/state: Not a directory: no snapshot can be written' || fail "not told"
send --datagrams 100
check_counts
agent_stop
configure directory="$LAB/state"
: >"$LAB/agent.log"
agent_start
logged 'no snapshot can be written' && fail "told without a cause"
agent_stop
check_snapshots
