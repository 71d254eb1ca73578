#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A program that `ip link` loaded stays in place, whichever build's agent comes: that is a way to
# attach like any other.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24
ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$BPF_OBJECT" sec xdp || fail "ip link xdp obj"
id=$(xdp_id)
for build in ours other ours; do
	build_use "$build"
	agent_start
	[ "$(xdp_id)" = "$id" ] && [ "$(pinned_program)" = "$id" ] || fail "$build replaced $id"
	logged "program $id was loaded by hand" || fail "not said"
	json '.datapath == {build: null, current: false}' status || fail "status: $(nfm status)"
	nfm doctor >"$LAB/said"
	grep -q 'datapath.*by hand' "$LAB/said" || fail "doctor said: $(cat "$LAB/said")"
	send --datagrams 100
	check_counts
	agent_stop
done
check_snapshots
