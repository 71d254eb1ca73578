#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# NetFlow v9 and IPFIX without XDP: every layout through the socket, and a restart that knows its
# templates.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob="10.0.1.0/24 10.9.0.0/16" carol=2001:db8:1::/48
configure xdp=off
agent_start
for version in 9 10; do
	for layout in simple ros7 ros7v6 ros6ipfix wide reduced varlen nat6 vendor; do
		send --version "$version" --layout "$layout" --datagrams 60 --rate 2000
	done
	send --version "$version" --layout ros7,ros7v6,varlen --datagrams 60 --rate 2000 \
		--template-in-data yes
done
check_counts
json '.datagrams.agent == .datagrams.received' status || fail "counted elsewhere"
json 'length == 24 and all(.[]; .where == "agent")' templates || fail "templates: $(nfm templates)"
json '.[0].lost == 0' exporters || fail "loss where there was none"
agent_stop
agent_start
send_on 2 --version 9 --layout ros7 --datagrams 60 --rate 2000 --template-first no \
	--template-every 0
check_counts
json '.waiting.sets == 0' status || fail "the template was forgotten"
agent_stop
check_snapshots
