#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A second agent on the same table refuses to run, by whatever way it comes to it, and harms
# nothing: the first one goes on. One that was killed is in nobody's way.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24

# A further agent's configuration: as ours, but for some keys.
configure_second() { # KEY=VALUE…
	(CONF=$LAB/second.conf && configure "$@")
}

second_refuses() { # PATTERN [KEY=VALUE…]
	local status before

	before=$(nfm -o json status | jq -c '[.agent, .snapshot, .interfaces]')
	configure_second "${@:2}"
	timeout 20 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$LAB/second.conf" run 2>"$LAB/error"
	status=$?
	[ "$status" = 1 ] || fail "${*:2}: ended with $status: $(cat "$LAB/error")"
	grep -qE "$1" "$LAB/error" || fail "${*:2}: it said: $(cat "$LAB/error")"
	[ "$(nfm -o json status | jq -c '[.agent, .snapshot, .interfaces]')" = "$before" ] ||
		fail "${*:2}: status was $before, and is $(nfm -o json status)"
	[ ! -e "$PIN-by-hand/program" ] || fail "${*:2}: it left pins"
	send --datagrams 50 --rate 5000 # counted in the kernel, if XDP is on
	send --datagrams 5 --version 9 --layout varlen # by the agent
	check_counts
}

locked='cannot start: .* is locked: another agent is running'
claimed='cannot start: XDP program [0-9]+: another agent, process [0-9]+, counts into its table'

# xdp = off: the table is the runtime folder's; beside it the port stands in the way
configure xdp=off
agent_start
second_refuses "$locked"
second_refuses 'cannot start: UDP .*9995: Address already in use' "runtime=$LAB/run2"
agent_stop
rm -rf "$LAB"/sent/* "$LAB/run" "$LAB/run2" "$LAB/state"

# XDP: the pins are the table's, and so is the NIC
configure xdp=native
agent_start
second_refuses "$locked"
second_refuses "$locked" "runtime=$LAB/run2"
second_refuses "$locked" "runtime=$LAB/run2" xdp=auto
second_refuses "$claimed" "runtime=$LAB/run2" "pin=$PIN-by-hand" port=9997
second_refuses "$claimed" "runtime=$LAB/run2" "pin=$PIN-by-hand" tee=yes
second_refuses "takes the datagrams before the UDP socket" "runtime=$LAB/run2" xdp=off port=9997

# `attach` beside it is no second agent: it takes nothing from the first
nfm attach c0 >"$LAB/said" || fail "attach: $(cat "$LAB/said")"
check_counts
agent_stop KILL

# the killed one's table is free for who comes by the NIC, with pins of its own
configure "runtime=$LAB/run2" "pin=$PIN-by-hand"
agent_start
send --datagrams 50 --rate 5000
check_counts
agent_stop
check_snapshots
