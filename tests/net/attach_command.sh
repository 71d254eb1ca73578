#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `nfmeter attach` needs no agent; the next agent adopts what it attached; detach twice is an error.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24

nfm attach c0 || fail "attach"
id=$(xdp_id)
[ -n "$id" ] || fail "attach said yes, but nothing is attached"
send --datagrams 100
agent_start
[ "$(xdp_id)" = "$id" ] || fail "the agent replaced what attach attached"
send --datagrams 100
check_counts
agent_stop
nfm detach c0 || fail "detach"
[ -z "$(xdp_id)" ] || fail "still attached"
nfm attach nosuch0 2>"$LAB/error" && fail "attached to a NIC that is not there"
grep -q nosuch0 "$LAB/error" || fail "the error does not name the NIC"
