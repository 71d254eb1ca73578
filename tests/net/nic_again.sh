#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A NIC that vanishes, comes again, or comes only after the agent's start is metered; a detached one
# is not.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24

nic_again() {
	ip -n "$NS_ROUTER" link add r0 address "$ROUTER_MAC" type veth \
		peer name c0 netns "$NS_COLLECTOR" address "$COLLECTOR_MAC" || fail "veth"
	address_up "$NS_ROUTER" r0 "$ROUTER" "$ROUTER6"
	address_up "$NS_COLLECTOR" c0 "$COLLECTOR" "$COLLECTOR6"
	neighbour "$NS_ROUTER" r0 "$COLLECTOR_MAC" "$COLLECTOR" "$COLLECTOR6"
}

metered() {
	[ -n "$(xdp_id)" ] && json '.interfaces[0].mode == "native"' status
}

configure tee=yes # without XDP nothing at all would be counted
agent_start
send --datagrams 100
ip -n "$NS_ROUTER" link del r0
wait_for 10 json '.interfaces[0].mode == "none"' status
nic_again
wait_for 10 metered
send --datagrams 100
check_counts
agent_stop
nfm detach c0 || fail "detach"

rm "$LAB"/sent/*
ip -n "$NS_ROUTER" link del r0
configure tee=no xdp=auto
agent_start
nic_again
wait_for 10 metered
send --datagrams 100
check_counts
json '.datagrams.kernel == 100' status || fail "not in the kernel"

nfm detach c0 || fail "detach beside the agent"
send --datagrams 100
check_counts
json '.datagrams.agent >= 100' status || fail "attached again behind the operator's back"
