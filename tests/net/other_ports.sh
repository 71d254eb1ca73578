#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Other UDP ports, other protocols and other destinations are none of ours.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
sink_start "$NS_COLLECTOR" 0.0.0.0 9994 "$LAB/other"
sink_start "$NS_COLLECTOR" :: 53 "$LAB/dns"
send --datagrams 200 --to "$COLLECTOR:9994" --save "$LAB/sent.other"
send --datagrams 200 --to "[$COLLECTOR6]:53" --save "$LAB/sent.dns"
wait_for 10 is_same_file "$LAB/sent.other" "$LAB/other"
wait_for 10 is_same_file "$LAB/sent.dns" "$LAB/dns"
in_router ping -q -c 3 -i 0.01 -W 5 "$COLLECTOR" >/dev/null || fail "ping"
rm "$LAB"/sent/*
send --datagrams 10
check_counts # and nothing else has been received
