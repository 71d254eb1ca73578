#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# xdp = off: the same through the UDP socket, over a table file; a restart goes on with it.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure xdp=off
agent_start
[ -z "$(xdp_id)" ] || fail "attached although xdp = off"
send --datagrams 1000 --rate 2000
send --datagrams 200 --rate 2000 --to "$COLLECTOR6" --records 29
send --datagrams 100 --rate 2000 --version 1
send --datagrams 100 --rate 2000 --version 7 --records 28
check_counts
json '.datagrams | .agent == 1400 and .kernel == 0' status || fail "counted elsewhere"
json '.interfaces == [] or .interfaces[0].mode == "none"' status || fail "interfaces"
agent_stop
json '.agent.running == false' status || fail "status without an agent"
agent_start
send --datagrams 100 --rate 2000
check_counts
agent_stop
check_snapshots
