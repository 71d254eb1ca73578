#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Auto ranges: each host becomes a customer at its first datagram, the next one is counted in the
# kernel.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
for host in $(seq 1 40); do
	hosts+=("10.5.0.$host=10.5.0.$host/32")
done
customers "${hosts[@]}"
hosts_sent=$CUSTOMERS
customers listed=10.5.0.0/28
# who is listed is listed: hosts 1 to 15 belong to that customer
CUSTOMERS=listed=10.5.0.0/28,$(tr , '\n' <<<"$hosts_sent" | tail -n +16 | paste -sd,)
configure customers.auto=10.5.0.0/24
agent_start
send --datagrams 400 --records 5 --rate 1000
check_counts
json '.reasons["new-customer"] <= 100 and .customers == 26' status || fail "discovered too often"
found=$(nfm -o json status | jq '.reasons["new-customer"]')
send --datagrams 400 --records 5
check_counts
json ".reasons[\"new-customer\"] == $found and .datagrams.kernel == 800 - $found" status ||
	fail "discovered again"
json '[.customers[] | select(.id == "10.5.0.20")][0].prefixes == ["10.5.0.20/32"]' show ||
	fail "prefix"
agent_stop
agent_start
send --datagrams 100
check_counts
json ".datagrams.kernel == 900 - $found" status || fail "discovered again after a restart"
