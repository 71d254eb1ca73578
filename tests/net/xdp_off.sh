#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# xdp = off while an nfmeter is still on the NIC: the socket would stay silent, so the agent says
# what to do.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
agent_stop
configure xdp=off
agent_launch
wait "$AGENT" && fail "started, although the NIC's program takes its datagrams"
logged 'nfmeter detach c0' || fail "does not say what to do"
nfm detach c0 || fail "detach"
agent_start
send --datagrams 100
check_counts
