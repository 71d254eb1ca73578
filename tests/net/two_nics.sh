#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One agent, two NICs: both count into one table; detaching one leaves the other counting.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
ip -n "$NS_ROUTER" link add r1 type veth peer name c1 netns "$NS_COLLECTOR" \
	address 02:00:00:00:00:04
ip -n "$NS_ROUTER" address add 198.51.100.1/24 dev r1
ip -n "$NS_ROUTER" link set r1 up
ip -n "$NS_COLLECTOR" address add 198.51.100.2/24 dev c1
ip -n "$NS_COLLECTOR" link set c1 up
neighbour "$NS_ROUTER" r1 02:00:00:00:00:04 198.51.100.2
EXPORTERS="$EXPORTERS
[exporter second]
address = 198.51.100.1"
configure interfaces="c0 c1"
agent_start
json '[.interfaces[] | select(.mode == "native") | .name] == ["c0", "c1"]' status || fail "not both"
[ "$(xdp_id c0)" = "$(xdp_id c1)" ] || fail "two programs, hence two tables"
send --datagrams 100
send --datagrams 100 --to 198.51.100.2
check_counts
json '.datagrams.kernel == 200' status || fail "not in the kernel"
agent_stop
nfm detach c1 || fail "detach c1"
[ -z "$(xdp_id c1)" ] && [ -n "$(xdp_id c0)" ] || fail "the wrong one was detached"
send --datagrams 100
check_counts
