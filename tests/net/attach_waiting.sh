#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `attach` on NICs that have an nfmeter by `ip link`, in whose ring datagrams wait: without an agent
# it counts them; beside one that runs it leaves the ring to that, one ring at a time.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
OLD_RING=$PIN/nfm_punts_old
EXPORTERS=''
for i in 1 2 3; do
	ip -n "$NS_ROUTER" link add "r$i" type veth peer name "c$i" netns "$NS_COLLECTOR" \
		address "02:00:00:00:01:0$i"
	address_up "$NS_ROUTER" "r$i" "198.51.10$i.1" "2001:db8:$i::1"
	address_up "$NS_COLLECTOR" "c$i" "198.51.10$i.2" "2001:db8:$i::2"
	neighbour "$NS_ROUTER" "r$i" "02:00:00:00:01:0$i" "198.51.10$i.2"
done
configure exporters=any

for i in 0 1 2 3; do
	ip -n "$NS_COLLECTOR" link set dev "c$i" xdp obj "$BPF_OBJECT" sec xdp || fail "ip link"
done
send --datagrams 50
for i in 1 2 3; do
	send --datagrams 50 --to "198.51.10$i.2"
done

has_ring() {
	[ -e "$OLD_RING" ]
}

has_no_ring() {
	! has_ring
}

nfm attach c0 >/dev/null || fail "attach c0" # its own ring is the table's: for the agent
nfm attach c1 >/dev/null || fail "attach c1"
[ "$(xdp_id c1)" = "$(xdp_id c0)" ] || fail "c1 keeps its program"
has_ring && fail "c1: a ring is still pinned"
json '.datagrams.agent == 50 and .undecided == 50' status ||
	fail "what waited on c1 is not counted: $(nfm -o json status)"

agent_start
wait_received 100
kill -STOP "$AGENT"
nfm attach c2 >/dev/null || fail "attach c2"
[ "$(xdp_id c2)" = "$(xdp_id c0)" ] || fail "c2 keeps its program"
has_ring || fail "c2: no ring is pinned"
own=$(xdp_id c3)
nfm attach c3 >"$LAB/said" 2>&1 && fail "c3 was attached, and where is c2's ring?"
grep -q 'let the agent run' "$LAB/said" || fail "attach c3 said: $(cat "$LAB/said")"
[ "$(xdp_id c3)" = "$own" ] || fail "c3 lost its program"
kill -CONT "$AGENT"
wait_for 10 has_no_ring
wait_received 150
nfm attach c3 >/dev/null || fail "attach c3"
wait_for 10 has_no_ring
check_counts
agent_stop
check_snapshots
