#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# v9 and IPFIX are handed to the agent and counted under a reason until it decodes them: nothing of them is silently lost.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
send --datagrams 100
send --datagrams 60 --version 9
send --datagrams 40 --version 10
rm "$LAB/sent/2.json" "$LAB/sent/3.json"
sent_files >"$LAB/sent.sum"
wait_received 200
nfm -o json show >"$LAB/show.json"
found=$(differences "$LAB/sent.sum" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
json '.reasons["version-9"] == 60 and .reasons["undecoded-v9"] == 60' status || fail "v9's reasons"
json '.reasons["version-ipfix"] == 40 and .reasons["undecoded-ipfix"] == 40' status || fail "IPFIX's reasons"
json '.datagrams | .rejected == 100' status || fail "not rejected"
