#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 in socket mode: what had been counted stays counted, once; the rest shows as loss.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure xdp=off
agent_start
send --datagrams 500 --rate 2000
check_counts
agent_stop KILL
agent_start
check_counts
send --datagrams 500 --rate 2000
check_counts
agent_stop
check_snapshots
