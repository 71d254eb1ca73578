#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# IPFIX: as v9.sh; its sequence counts records, its padding is whatever was in the router's memory.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob="10.0.1.0/24 10.9.0.0/16" carol=2001:db8:1::/48
agent_start
for layout in simple ros6ipfix ros6ipfix,ros7v6 wide reduced vendor; do
	send_armed --version 10 --layout "$layout" --datagrams 400
done
send --version 10 --layout varlen --datagrams 100
send --version 10 --layout nat6 --datagrams 100
check_counts
json '[.[] | select(.where == "agent") | .id] | sort == [262, 263]' templates ||
	fail "who decodes: $(nfm templates)"
json '.datagrams.kernel > 0.9 * .datagrams.received - 200' status || fail "not in the kernel"
json '.[0].lost == 0 and (.[0].streams | length == 8 and
	all(.[]; .unit == "records" and .resets == 0))' exporters ||
	fail "loss where there was none: $(nfm -o json exporters)"
