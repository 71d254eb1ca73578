#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 at the steps of a takeover: old and new program side by side on one table, each in its
# NIC's mode; both builds' next start brings all NICs to its own, also one that is not configured.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24
EXPORTERS=''
for i in 1 2; do
	ip -n "$NS_ROUTER" link add "r$i" type veth peer name "c$i" netns "$NS_COLLECTOR" \
		address "02:00:00:00:01:0$i"
	address_up "$NS_ROUTER" "r$i" "198.51.10$i.1" "2001:db8:$i::1"
	address_up "$NS_COLLECTOR" "c$i" "198.51.10$i.2" "2001:db8:$i::2"
	neighbour "$NS_ROUTER" "r$i" "02:00:00:00:01:0$i" "198.51.10$i.2"
done
configure interfaces="c0 c1" exporters=any
agent_start
in_collector ip link set dev c2 xdpgeneric pinned "$PIN/program" || fail "ip link, generic"
MAPS=$(maps_of c0)

modes() {
	ip -n "$NS_COLLECTOR" -j link show | jq -c '[.[] | select(.xdp) | .xdp.mode]'
}
before=$(modes)

send_all() { # while no agent runs, too: the three NICs count on, whatever program each has
	send --datagrams 40
	send --datagrams 40 --to 198.51.101.2
	send --datagrams 40 --to 198.51.102.2
}

killed_at() { # POINT: an agent of the build that does not run ends there
	local status

	NFMETER=$BUILD/other/nfmeter-fault
	[ "$build" = other ] && NFMETER=$BUILD/nfmeter-fault
	NFM_FAULT=$1 agent_launch
	wait "$AGENT" 2>/dev/null
	status=$?
	[ "$status" = 137 ] || fail "not killed at $1: ended with $status"
	logged "fault: ${1%:*}" || fail "not killed at $1"
	[ "$(modes)" = "$before" ] || fail "$1: modes $(modes), were $before"
	[ ! -e "$PIN/$1" ] || [ -e "$PIN/$1_new" ] || fail "$1: not before it is renamed"
}

programs() { # as a number: how many there are on the NICs
	for nic in c0 c1 c2; do
		xdp_id "$nic"
	done | sort -u | wc -l
}

mixed=0 build=ours
for fault in pin/on nfmeter_rodata/back nfmeter_rodata/on program/back program/on \
	replace/back replace/on replace:2/back replace:2/on replace:3/on; do
	agent_stop
	: >"$LAB/agent.log"
	killed_at "${fault%/*}"
	[ "$(programs)" = 1 ] || mixed=$((mixed + 1))
	send_all
	[[ $fault == */back ]] || build=$([ "$build" = ours ] && echo other || echo ours)
	build_use "$build"
	agent_start
	counts_by_this_build c0 c1 c2
	[ "$(modes)" = "$before" ] || fail "modes $(modes), were $before"
	check_counts
done
[ "$mixed" = 3 ] || fail "$mixed times two programs side by side, not 3: nothing was tested"
agent_stop
check_snapshots
nfm detach c0 >"$LAB/said" || fail "detach c0"
nfm detach c1 >"$LAB/said" || fail "detach c1"
grep -q 'table is gone' "$LAB/said" && fail "c2 counts, and its table is gone"
nfm detach c2 >"$LAB/said" || fail "detach c2"
grep -q 'table is gone' "$LAB/said" || fail "the last detach said: $(cat "$LAB/said")"
