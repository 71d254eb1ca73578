#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `detach` and `attach` beside a running agent: the NIC changes, the table and its one writer stay.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
send --datagrams 200
wait_received 200
nfm detach c0 >"$LAB/said" || fail "detach"
grep -q 'the agent keeps the table' "$LAB/said" || fail "detach said: $(cat "$LAB/said")"
[ -z "$(xdp_id)" ] || fail "still attached after detach"
send --datagrams 100
wait_received 300
json '.datagrams.kernel == 200 and .datagrams.agent == 100' status || fail "not by the socket"
nfm attach c0 >"$LAB/said" || fail "attach"
[ -n "$(xdp_id)" ] || fail "not attached"
send --datagrams 200
wait_received 500
json '.datagrams.kernel == 400 and .datagrams.agent == 100' status || fail "not in the kernel again"
check_counts
