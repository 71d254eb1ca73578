#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A full table: further customers count as unmatched, under a reason; nothing is lost and nothing
# crashes.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
for host in $(seq 1 200); do
	hosts+=("10.6.0.$host=10.6.0.$host/32")
done
customers "${hosts[@]}"
printf 'id,prefixes\nalice,10.0.0.0/24\n' >"$LAB/customers.csv"
CUSTOMERS+=,alice=10.0.0.0/24
configure customers.auto=10.6.0.0/24 capacity=32
agent_start
send --datagrams 400 --records 5
wait_received 400
nfm -o json show >"$LAB/show.json"
found=$(jq -r -f "$LIB/conserves.jq" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
sent_files >"$LAB/sent.sum"
jq -e --slurpfile sent "$LAB/sent.sum" '.total == $sent[0].total
	and ([.customers[] | select(.id == "alice")][0] | {up, down}) == $sent[0].by_customer.alice
	and (.customers | length) == 32 and .unmatched.flows > $sent[0].unmatched.flows' \
	"$LAB/show.json" >/dev/null || fail "counts: $(jq -c '.total, .unmatched' "$LAB/show.json")"
json '.reasons["customers-full"] > 0 and .capacity == 32' status || fail "no reason"
json '.datagrams.kernel > 200' status || fail "a full table punts for ever"
