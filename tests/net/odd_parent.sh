#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A parent that ignores SIGCHLD and stops reading the log: the agent goes on, and so do its hooks.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure interval=1 hook="echo %f >>$LAB/handed"
: >"$LAB/handed"
mkfifo "$LAB/log"
head -n 1 "$LAB/log" >/dev/null &
"${IN_COLLECTOR[@]}" python3 -c '
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$NFMETER" -c "$CONF" run 2>"$LAB/log" &
AGENT=$!
wait_for 30 agent_is_up

handed() {
	agent_is_up
	[ "$(wc -l <"$LAB/handed")" -ge "$1" ]
}

wait_for 10 handed 3
send --datagrams 100
check_counts
agent_stop
