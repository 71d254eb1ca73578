#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A program that somebody pinned and attached by `ip link … xdp pinned` is adopted, by its maps and
# not by its path.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24

bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)
"$bpftool" prog load "$BPF_OBJECT" "$PIN-by-hand" type xdp || fail "bpftool prog load"
in_collector ip link set dev c0 xdp pinned "$PIN-by-hand" || fail "ip link xdp pinned"
id=$(xdp_id)
agent_start
[ "$(xdp_id)" = "$id" ] || fail "the agent replaced the pinned program"
send --datagrams 300
check_counts
json '.datagrams.kernel == 300' status || fail "the adopted program does not count"
