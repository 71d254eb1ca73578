#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Another build's agent takes over the table: its program in the place of the old one, the same
# maps, under traffic for the kernel and for the agent; and back. Nothing lost, nothing twice.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
ip -n "$NS_ROUTER" link set dev r0 mtu 3300
ip -n "$NS_COLLECTOR" link set dev c0 mtu 3300
agent_start
MAPS=$(maps_of c0)
counts_by_this_build c0
send_armed --version 9 --layout ros7 --datagrams 50

# not while the old build's agent writes to the table
old=$(xdp_id)
build_use other
start_refused 'locked'
configure runtime="$LAB/run-of-another"
start_refused 'locked'
[ "$(xdp_id)" = "$old" ] && [ "$(pinned_program)" = "$old" ] || fail "a refused agent took over"
configure runtime="$LAB/run"
build_use ours

flow() { # FIRST OPTION…: run after run, until it is enough
	SENT_RUNS=$1
	while [ ! -e "$LAB/enough" ] && ((SENT_RUNS < $1 + 99)); do
		send "${@:2}"
	done
}
flow 100 --version 9 --layout ros7 --datagrams 2000 --rate 2000 &
kernels=$!
flow 200 --datagrams 150 --rate 150 --records 60 & # too many for the kernel
agents=$!
for build in other:TERM ours:KILL other:KILL ours:TERM; do
	old=$(xdp_id)
	agent_stop "${build#*:}"
	build_use "${build%:*}"
	json '.datapath.current == false' status || fail "status does not tell the builds apart"
	agent_start
	[ "$(xdp_id)" != "$old" ] || fail "$build: the old program $old goes on"
	counts_by_this_build c0
	"$BPFTOOL" prog show id "$old" >/dev/null 2>&1 && fail "$build: program $old is left over"
	kill -0 "$kernels" && kill -0 "$agents" || fail "$build: the traffic ended before that"
done
old=$(xdp_id)
agent_stop KILL
agent_start # the same build: nothing changes
[ "$(xdp_id)" = "$old" ] || fail "a restart of the same build replaced program $old"
touch "$LAB/enough"
wait "$kernels" && wait "$agents" || fail "nfsend in the background"
check_counts
large=$(jq -s 'map(.sent) | add' "$LAB"/sent/2??.json)
json ".reasons.large == $large" status || fail "who counts: $(nfm -o json status)"
json '.[0].lost == 0 and all(.[0].streams[]; .resets == 0)' exporters ||
	fail "loss where there was none: $(nfm -o json exporters)"
SHARE=90 send_armed --version 9 --layout ros7 --datagrams 400
agent_stop
check_snapshots
