#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A prefix moves between customers under traffic: each of its records goes to one of the two.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 old=10.0.1.0/24 new=10.0.200.0/24
agent_start
send_start --datagrams 6000 --rate 3000 --customers alice=10.0.0.0/24,moved=10.0.1.0/24
for _ in 1 2 3 4; do
	customers alice=10.0.0.0/24 old=10.0.200.0/24 new=10.0.1.0/24
	nfm customers reload >"$LAB/reload" || fail "customers reload"
	customers alice=10.0.0.0/24 old=10.0.1.0/24 new=10.0.200.0/24
	nfm customers reload >"$LAB/reload" || fail "customers reload"
done
send_wait
wait_received 6000
sent_files >"$LAB/sent.sum"
# the two together are the one that was sent
nfm -o json show | jq '
	def plus($a; $b): {bytes: ($a.bytes + $b.bytes), packets: ($a.packets + $b.packets),
		flows: ($a.flows + $b.flows)};
	(.customers | map(select(.id == "old" or .id == "new"))) as $two
	| .customers |= map(select(.id == "alice"))
	| .customers += [{id: "moved", up: plus($two[0].up; $two[1].up),
		down: plus($two[0].down; $two[1].down)}]' >"$LAB/show.json"
found=$(differences "$LAB/sent.sum" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
