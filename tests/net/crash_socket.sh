#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The same without XDP: the table is a file, and nobody counts while no agent runs, so nothing is
# sent then. The agent dies at each step of the rotation that ends its life, and the next one at
# the same step of the repair. What had been counted stands in the files, once.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab xdp=off interval=3600

stops_at() { # POINT
	agent_launch_faulty "$1"
	wait_for 20 agent_is_up
	send --records 10 --datagrams 40
	send --version 9 --layout varlen --datagrams 20
	check_counts
	kill -TERM "$AGENT"
	wait_for 20 agent_is_gone
	agent_was_killed "$1"
}

# Where a rotation that is repaired comes again: not what comes before it or is found to be done.
comes_again() { # POINT
	[[ ! $1 =~ ^(flip|file-renamed|folder-synced|committed|hook|spawn) ]]
}

CUSTOMERS=$LISTED,${HOSTS%%,10.5.1.*} # 250 of them
for step in flip flip+40 start $(rotation_steps) settling:4 hook spawn spawned; do
	stops_at "$step"
	comes_again "$step" && agent_dies "$step"
	agent_start
	# or the next one's fault meets a hook that was left over
	wait_for 20 json '(.hook.backlog // 0) == 0' status
	agent_stop
done
agent_start
check_exact 0
check_handed 1 # spawned: begun, and not noted
