#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The agent ends itself at each step of a rotation, and where it hands the snapshot over; its
# successor does so at the same step, which is now the repair. Traffic goes on: none of it is lost
# or counted twice, no interval has two files, and each is handed over.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab
agent_start
traffic_start
agent_stop KILL
for step in flip flip+40 start $(rotation_steps) settling:7 settled+60 hook spawn; do
	agent_dies "$step"
	agent_dies "$step"
done
agent_dies spawned
agent_start
traffic_stop
check_exact
check_all_earlier
check_handed 1 # spawned: begun, and not noted
