#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A customers file that is wrong at a restart: the agent says so and goes on with the table's
# customers. With a new table there is nothing to go on with: it refuses.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
agent_start
send --datagrams 100
wait_received 100
agent_stop
cp "$LAB/customers.csv" "$LAB/good.csv"
printf 'id,prefixes\nalice,10.0.0.0/99\n' >"$LAB/customers.csv"
agent_start
logged 'those that the table has stay' || fail "not said"
send --datagrams 100
wait_received 200
check_counts
agent_stop
nfm detach c0 >/dev/null || fail detach
timeout 20 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$CONF" run 2>"$LAB/error"
status=$?
[ "$status" = 1 ] || fail "a new table and a wrong file: ended with $status"
grep -q 'customers.csv:2' "$LAB/error" || fail "it said: $(cat "$LAB/error")"
