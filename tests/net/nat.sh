#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A customer behind NAT gets his downloads, which have the router's address as destination and his after the NAT;
# with nat = no, or where the record cannot say it, the router's address gets them.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24 wan=203.0.113.1/32 carol=fd00:1::/56 wan6=2001:db8:ff::1/128
nat=(--nat 203.0.113.1)
down_is_of() { # CUSTOMER RUN: the test itself: he has more down than what is local
	[ "$(jq ".by_customer.$1.down.flows - .local.flows > 300" "$LAB/sent/$2.json")" = true ]
}
agent_start
send_armed --version 9 --layout ros7 "${nat[@]}" --datagrams 200
down_is_of alice $SENT_RUNS && ! down_is_of wan $SENT_RUNS || fail "the test sends no NAT"
send_armed --version 10 --layout ros6ipfix "${nat[@]}" --datagrams 200
send --version 10 --layout nat6 --nat 2001:db8:ff::1 --datagrams 200
send --version 5 "${nat[@]}" --datagrams 100
check_counts
EXPORTERS="$EXPORTERS
nat = no"
configure
kill -HUP "$AGENT"
wait_for 10 logged 'exporters: '
send --version 9 --layout ros7 "${nat[@]}" --expect-nat no --datagrams 200
down_is_of wan $SENT_RUNS && ! down_is_of alice $SENT_RUNS || fail "the test sends no NAT"
send --version 10 --layout nat6 --nat 2001:db8:ff::1 --expect-nat no --datagrams 200
check_counts
agent_stop
nfm detach c0 || fail detach
rm "$LAB"/sent/*
configure xdp=off
agent_start
send --version 9 --layout ros7 "${nat[@]}" --expect-nat no --datagrams 100 --rate 2000
check_counts
