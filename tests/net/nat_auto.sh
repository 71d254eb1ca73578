#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Hosts behind NAT are discovered by the address that a download has after the NAT, not only by
# their uploads.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
for host in $(seq 1 100); do
	hosts+=("10.0.3.$host=10.0.3.$host/32")
done
customers "${hosts[@]}"
printf 'id,prefixes\n' >"$LAB/customers.csv"
configure customers.auto=10.0.3.0/24
agent_start
send --version 9 --layout ros7 --nat 203.0.113.1 --datagrams 300
check_counts
json '[.customers[] | select(.down.flows > 0)] | length == 100' show || fail "not all were found"
agent_stop
nfm detach c0 || fail detach
configure xdp=off
rm "$LAB"/sent/*
agent_start
send --version 10 --layout ros6ipfix --nat 203.0.113.1 --datagrams 200 --rate 2000
check_counts
