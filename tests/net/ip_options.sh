#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# IPv4 headers of every length.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
for options in 0 4 8 20 40; do
	send --raw-interface r0 --to-mac "$COLLECTOR_MAC" --from "$ROUTER" --datagrams 20 \
		--ip-options "$options" --records 25
done
check_counts
json '.datagrams.kernel == 100' status || fail "not counted in the kernel"
