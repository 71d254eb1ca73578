#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Generic mode, asked for.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure xdp=generic
agent_start
json '.interfaces[0].mode == "generic"' status || fail "not generic"
send --datagrams 300
check_counts
json '.datagrams.kernel == 300' status || fail "not counted in the kernel"
