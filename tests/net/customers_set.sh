#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `customers set` and `remove` under traffic: at once, in the file too, and the others keep every
# count.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
agent_start
send --datagrams 100
check_counts

send_start --datagrams 3000 --rate 3000 --customers "$CUSTOMERS"
for round in 1 2 3; do
	nfm customers set "carol$round" "10.7.$round.0/24" "10.8.$round.1" >/dev/null || fail "set"
	nfm customers remove "carol$round" >/dev/null || fail "remove"
done
nfm customers set dave 10.9.0.0/24 >/dev/null || fail "set"
send_wait
check_counts
grep -q '^dave,.*10\.9\.0\.0/24' "$LAB/customers.csv" || fail "set did not write the file"
grep -q carol "$LAB/customers.csv" && fail "remove left the line in the file"

CUSTOMERS+=,dave=10.9.0.0/24
send --datagrams 100
check_counts
nfm customers remove bob >/dev/null || fail "remove"
CUSTOMERS=alice=10.0.0.0/24,dave=10.9.0.0/24
send --datagrams 100
check_counts # bob's counts stay
nfm customers remove nobody 2>"$LAB/error" && fail "removed who is not there"
grep -q nobody "$LAB/error" || fail "the error does not name the customer"
nfm customers set eve 10.0.0.0/33 2>"$LAB/error" && fail "set took a wrong prefix"
send --datagrams 10
check_counts
