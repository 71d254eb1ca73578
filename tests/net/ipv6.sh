#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# IPv6 transport, an exporter with addresses of both families.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
send --to "$COLLECTOR6" --datagrams 300 --records 29 # 30 do not fit an MTU of 1500
send --to "$COLLECTOR" --datagrams 300
check_counts
json '.datagrams.kernel == 600' status || fail "not counted in the kernel"
json "[.[] | select(.datagrams == 300) | .address] | sort == [\"$ROUTER\", \"$ROUTER6\"]" \
	exporters ||
	json '[.[].datagrams] | add == 600' exporters || fail "exporters"
