#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `attach` and `detach` of another build: they leave the program that counts to the agent, and know
# which NICs count into one table, also where a takeover was killed half-way.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24
EXPORTERS=''
ip -n "$NS_ROUTER" link add r1 type veth peer name c1 netns "$NS_COLLECTOR" \
	address 02:00:00:00:01:01
address_up "$NS_ROUTER" r1 198.51.101.1 2001:db8:1::1
address_up "$NS_COLLECTOR" c1 198.51.101.2 2001:db8:1::2
neighbour "$NS_ROUTER" r1 02:00:00:00:01:01 198.51.101.2
configure exporters=any
agent_start
MAPS=$(maps_of c0)
id=$(xdp_id)

send_both() {
	send --datagrams 50
	send --datagrams 50 --to 198.51.101.2
	check_counts
}

build_use other
nfm attach c1 >"$LAB/said" || fail "attach beside the agent"
[ "$(xdp_id c0) $(xdp_id c1) $(pinned_program)" = "$id $id $id" ] ||
	fail "attach beside the other build's agent changed its program"
build_use ours
counts_by_this_build c0 c1
send_both
agent_stop
build_use other
nfm detach c1 >"$LAB/said" && nfm attach c1 >"$LAB/said" || fail "detach, attach without agent"
[ "$(xdp_id c0) $(xdp_id c1)" = "$id $id" ] || fail "attach without an agent changed the program"
send_both

configure interfaces="c0 c1"
NFMETER=$BUILD/other/nfmeter-fault
NFM_FAULT=replace:2 agent_launch
wait "$AGENT" 2>/dev/null
[ "$(xdp_id c0)" != "$id" ] && [ "$(xdp_id c1)" = "$id" ] || fail "not killed half-way"
for build in ours other; do # c0 has the pinned program, c1 the old one on the same maps
	build_use "$build"
	nfm detach c0 >"$LAB/said" || fail "detach c0"
	grep -q 'table is gone' "$LAB/said" && fail "c1 counts, and its table is gone"
	[ -e "$PIN/program" ] || fail "c1 counts without pins"
	nfm attach c0 >"$LAB/said" || fail "attach c0"
	[ "$(xdp_id c0)" = "$(pinned_program)" ] || fail "c0 has not what is pinned"
	send_both
done
agent_start
counts_by_this_build c0 c1
send_both
agent_stop
nfm detach c0 >"$LAB/said" && nfm detach c1 >"$LAB/said" || fail "detach both"
grep -q 'table is gone' "$LAB/said" || fail "the last detach said: $(cat "$LAB/said")"
[ ! -e "$PIN" ] || [ -z "$(ls -A "$PIN")" ] || fail "pins are left"
