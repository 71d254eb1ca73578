#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The table goes with the last NIC that has the program, also one that no configuration names; a
# wrong name takes nothing along, and an attach that fails leaves nothing.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure xdp=auto
ip -n "$NS_COLLECTOR" link add c1 type veth peer name c2

nfm attach c0 || fail "attach"
send --datagrams 100
in_collector ip link set dev c1 xdp pinned "$PIN/program" || fail "ip link"
nfm detach c0 || fail "detach c0"
[ -n "$(xdp_id c1)" ] || fail "the other NIC was detached as well"
nfm detach lo 2>"$LAB/error" && fail "detached what has no program"
grep -q 'lo: no XDP program' "$LAB/error" || fail "detach lo said: $(cat "$LAB/error")"
check_counts
nfm detach c1 || fail "detach c1"
[ ! -e "$PIN/program" ] || fail "the table outlived its last NIC"

foreign_program "$LAB/pass.o"
ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$LAB/pass.o" sec xdp || fail "ip link, foreign"
for nic in c0 nosuch0; do
	nfm attach "$nic" 2>"$LAB/error" && fail "attached to $nic"
	[ "$(wc -l <"$LAB/error")" = 1 ] || fail "more than one line: $(cat "$LAB/error")"
	[ ! -e "$PIN/program" ] || fail "attach $nic left pins"
done

# whose program it is, without an agent
ip -n "$NS_COLLECTOR" link set dev c0 xdp off
nfm attach c0 || fail "attach"
json '.interfaces == [{name: "c0", mode: "native", program_id: '"$(xdp_id)"'}]' status ||
	fail "status: ours"
ip -n "$NS_COLLECTOR" link set dev c0 xdp off
ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$LAB/pass.o" sec xdp || fail "ip link, foreign"
json '.interfaces == [{name: "c0", mode: "none", program_id: 0}]' status ||
	fail "status: a foreign one"
