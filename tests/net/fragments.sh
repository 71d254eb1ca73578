#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Datagrams in IP fragments, over IPv4 and IPv6: the stack reassembles them, the socket counts them.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
ip -n "$NS_ROUTER" link set dev r0 mtu 1280
send --datagrams 100 --records 30 --rate 500
send --datagrams 100 --records 30 --rate 500 --to "$COLLECTOR6"
send --datagrams 50 --records 200 --rate 200 # beyond any version's most, but whole
send --datagrams 100 --records 20 --rate 500 # not in fragments
check_counts
json '.datagrams | .kernel == 100 and .agent == 250' status || fail "counted elsewhere"
json '.reasons.fragment == 250' status || fail "fragments are not noted"
