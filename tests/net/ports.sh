#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Several ports, and a list of addresses to listen on.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
ip -n "$NS_COLLECTOR" address add 192.0.2.22/24 dev c0
neighbour "$NS_ROUTER" r0 "$COLLECTOR_MAC" 192.0.2.22
configure port="2055 9995 9996" listen="$COLLECTOR $COLLECTOR6"
agent_start
send --datagrams 50 --to "$COLLECTOR:2055"
send --datagrams 50 --to "$COLLECTOR:9995"
send --datagrams 50 --to "[$COLLECTOR6]:9996" --records 29
check_counts
json '.datagrams.kernel == 150' status || fail "not counted in the kernel"
sink_start "$NS_COLLECTOR" 192.0.2.22 9995 "$LAB/other"
send --datagrams 50 --to 192.0.2.22:9995 --save "$LAB/sent.other"
rm "$LAB/sent/4.json"
wait_for 10 is_same_file "$LAB/sent.other" "$LAB/other"
check_counts
agent_stop
nfm detach c0 || fail detach
configure xdp=off
agent_start
rm "$LAB"/sent/*
for to in "$COLLECTOR:2055" "$COLLECTOR:9995" "[$COLLECTOR6]:9996"; do
	send --datagrams 50 --rate 1000 --to "$to" --records 29
done
check_counts
