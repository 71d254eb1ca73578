#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every command in every format, and the exit status that CONTRACT gives.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 "bob=10.0.1.0/24 10.0.2.0/24"
agent_start
send --datagrams 100
send --datagrams 10 --version 9 --layout ros7
check_counts
agent_stop
agent_start
file=$(snapshots | head -n 1)

for command in status show exporters templates "customers list" version "read $file" \
	"customers check"; do
	# shellcheck disable=SC2086 # a command is several words
	for format in text json csv; do
		nfm -o "$format" $command >"$LAB/out" 2>"$LAB/error" ||
			fail "$command -o $format: $(cat "$LAB/error")"
		[ -s "$LAB/out" ] || fail "$command -o $format prints nothing"
		[ "$format" != json ] || jq -e . "$LAB/out" >/dev/null || fail "$command: no JSON"
	done
done
nfm -o csv show | head -n 1 |
	grep -q '^id,name,.*up_bytes,up_packets,up_flows,down_bytes,down_packets,down_flows' ||
	fail "show's CSV header: $(nfm -o csv show | head -n 1)"
json '(.customers | length) == 1 and .customers[0].id == "bob"' show bob || fail "show by id"
json '.customers[0].id == "bob"' show 10.0.2.77 || fail "show by address"
nfm show nobody >"$LAB/out" 2>"$LAB/error" && fail "showed an unknown customer"
[ "$(wc -l <"$LAB/error")" = 1 ] || fail "not one line: $(cat "$LAB/error")"
nfm nosuchcommand >/dev/null 2>&1
[ $? = 2 ] || fail "wrong usage is not 2"
send_start --datagrams 9000 --rate 3000 # top shows who has a rate
timeout 10 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$CONF" top -i 1 -n 2 >"$LAB/out" ||
	fail "top without a terminal"
grep -q alice "$LAB/out" || fail "top shows no customer: $(cat "$LAB/out")"
send_wait
check_counts
printf 'id,prefixes\nx,10.0.0.0/24\ny,10.0.0.0/24\n' >"$LAB/wrong.csv"
nfm customers check "$LAB/wrong.csv" 2>"$LAB/error" && fail "a wrong file is correct"
grep -q 'wrong.csv:3' "$LAB/error" || fail "no file:line"
echo "nonsense = 1" >>"$CONF"
nfm status 2>"$LAB/error" && fail "an unknown key was taken"
grep -qE 'nfmeter.conf:[0-9]+' "$LAB/error" || fail "no file:line: $(cat "$LAB/error")"
