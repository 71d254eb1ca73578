#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# NetFlow v9: a stream's first datagrams teach the kernel its templates; it decodes nearly all of
# the others itself.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob="10.0.1.0/24 10.9.0.0/16" carol=2001:db8:1::/48
agent_start
for layout in simple ros7 ros7,ros7v6 wide reduced vendor; do
	send_armed --version 9 --layout "$layout" --datagrams 400
done
# a variable length has no offsets: only the agent decodes it
send --version 9 --layout varlen --datagrams 100
check_counts
json '.[] | select(.id == 262) | .where == "agent" and .why == "variable-length field"' templates ||
	fail "who decodes a variable length: $(nfm templates)"
json '.datagrams.kernel > 0.9 * .datagrams.received' status || fail "not in the kernel"
json '.[0].lost == 0 and (.[0].streams | length == 7 and
	all(.[]; .unit == "datagrams" and .resets == 0))' exporters ||
	fail "loss where there was none: $(nfm -o json exporters)"
