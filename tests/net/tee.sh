#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# tee: an old collector on the same port gets every datagram byte for byte while nfmeter counts them.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure tee=yes
sink_start "$NS_COLLECTOR" 0.0.0.0 9995 "$LAB/old"
agent_start
send --datagrams 500 --save "$LAB/sent.1"
send --datagrams 3 --version 9 --save "$LAB/sent.2" --bad none
rm "$LAB/sent/2.json" # handed to the agent, which does not decode it yet
cat "$LAB/sent.1" "$LAB/sent.2" >"$LAB/sent.all"
wait_for 10 is_same_file "$LAB/sent.all" "$LAB/old"
wait_received 503
nfm -o json show >"$LAB/show.json"
sent_files >"$LAB/sent.sum"
found=$(differences "$LAB/sent.sum" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
json '.datagrams.kernel == 500' status || fail "not counted in the kernel"
