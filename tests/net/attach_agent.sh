#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The agent attaches natively, leaves the kernel counting when it stops, and goes on with the same
# numbers; detach ends it.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24

agent_start
json '.interfaces == [{name: "c0", mode: "native", program_id: .interfaces[0].program_id}]' \
	status || fail "not attached natively"
id=$(xdp_id)
send --datagrams 300
check_counts
agent_stop
json '.agent.running == false' status || fail "status says that a stopped agent runs"
[ "$(xdp_id)" = "$id" ] || fail "the stopped agent took the program with it"

send --datagrams 300
check_counts # by the pins alone
agent_start
[ "$(xdp_id)" = "$id" ] || fail "the second agent attached another program"
send --datagrams 300
check_counts
json '.datagrams.kernel == 900' status || fail "not all were counted in the kernel"

agent_stop
nfm detach c0 || fail "detach"
[ -z "$(xdp_id)" ] || fail "still attached after detach"
[ ! -e "$PIN" ] || [ -z "$(ls -A "$PIN")" ] || fail "pins are left after the last detach"
