#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An agent that cannot start leaves NICs and pins as it found them: nobody else's datagrams are
# taken.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24

cannot_start() { # WHY, as a pattern
	: >"$LAB/agent.log"
	agent_launch
	wait "$AGENT" && fail "started: $1"
	logged "$1" || fail "does not say: $1"
	[ -z "$(xdp_id)" ] || fail "left its program on the NIC: $1"
	[ ! -e "$PIN/program" ] || fail "left its pins: $1"
}

mkdir "$LAB/no-bpffs"
configure pin="$LAB/no-bpffs"
cannot_start 'in no bpffs'
configure pin="$PIN" runtime="$LAB/$(printf 'r%.0s' {1..110})"
cannot_start 'too long a path'
ip -n "$NS_COLLECTOR" link add c1 type veth peer name c2
foreign_program "$LAB/pass.o"
ip -n "$NS_COLLECTOR" link set dev c1 xdp obj "$LAB/pass.o" sec xdp || fail "ip link"
configure runtime="$LAB/run" interfaces='c0 c1'
cannot_start 'c1.*left alone'
[ -n "$(xdp_id c1)" ] || fail "the foreign program is gone"

# an old collector has the port
configure interfaces=c0
sink_start "$NS_COLLECTOR" 0.0.0.0 9995 "$LAB/old"
cannot_start 'stop the other collector'
send --datagrams 100 --save "$LAB/sent.all"
wait_for 10 is_same_file "$LAB/sent.all" "$LAB/old"
