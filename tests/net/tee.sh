#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# tee: an old collector on the same port gets every datagram byte for byte while nfmeter counts
# them.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure tee=yes
sink_start "$NS_COLLECTOR" 0.0.0.0 9995 "$LAB/old"
agent_start
send --datagrams 500 --save "$LAB/sent.1"
send --datagrams 100 --version 9 --layout ros7 --save "$LAB/sent.2"
cat "$LAB/sent.1" "$LAB/sent.2" >"$LAB/sent.all"
wait_for 10 is_same_file "$LAB/sent.all" "$LAB/old"
check_counts
json '.datagrams.kernel >= 500' status || fail "not counted in the kernel"
