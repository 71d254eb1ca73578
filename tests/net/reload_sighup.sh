#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The customers file changes under traffic, many times: customers that stay lose nothing and get
# nothing.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
stay=(alice=10.0.0.0/24 bob=10.0.1.0/24 "carol=10.0.128.0/17 172.16.0.0/12")
customers "${stay[@]}"
mine=$CUSTOMERS
agent_start
send_start --datagrams 9000 --rate 3000 --customers "$mine"

knows() {
	json "[.customers[].id] | index(\"$1\")" show ||
		json "[.[].id] | index(\"$1\")" customers list
}

for round in $(seq 1 10); do
	# neighbours, inner and outer prefixes come and go around those that stay
	customers "${stay[@]}" "dave$round=10.0.2.0/24" "erin=10.0.$((round + 3)).0/25" \
		"frank=10.200.0.0/16"
	kill -HUP "$AGENT"
	wait_for 10 knows "dave$round"
done
customers "${stay[@]}"
kill -HUP "$AGENT"
send_wait
CUSTOMERS=$mine
check_counts
printf 'id,prefixes\nalice,10.0.0.0/24\nalice,10.0.0.0/40\n' >"$LAB/customers.csv"
kill -HUP "$AGENT"
wait_for 10 logged 'customers.csv:3'
send --datagrams 100
check_counts # a wrong file changes nothing
