#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A customer behind NAT gets his downloads, which have the router's address as destination and his
# after the NAT; with nat = no, or where the record cannot say it, the router's address gets them.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24 wan=203.0.113.1/32 carol=fd00:1::/56 \
	wan6=2001:db8:ff::1/128
nat=(--nat 203.0.113.1)
alice_has_downloads() { # the test itself: more of the newest run's records than what is local
	[ "$(sent '.by_customer.alice.down.flows * 10 > .records')" = true ]
}
agent_start
send_armed --version 9 --layout ros7 "${nat[@]}" --datagrams 200
alice_has_downloads || fail "the test itself: no downloads"
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
alice_has_downloads && fail "the test itself: downloads without the rule"
send --version 10 --layout nat6 --nat 2001:db8:ff::1 --expect-nat no --datagrams 200
check_counts
agent_stop
nfm detach c0 || fail detach
rm "$LAB"/sent/*
configure xdp=off
agent_start
send --version 9 --layout ros7 "${nat[@]}" --expect-nat no --datagrams 100 --rate 2000
check_counts
