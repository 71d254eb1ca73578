#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Data before their template wait and are counted, once, when it comes: also if the agent was killed
# in between. What waits too long, or finds no room, is given up and counted.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
options=(--version 9 --layout ros7)
data_only=("${options[@]}" --template-first no --template-every 0)

waiting_is() {
	json ".waiting.sets == $1" status
}

round() { # OPTION…
	send "${data_only[@]}" --datagrams 30 "$@"
	stream=$SENT_RUNS
	wait_for 10 waiting_is 30
	json ".waiting.bytes > 30 * 1300 and .waiting.oldest_seconds < 60" status ||
		fail "what waits: $(nfm status)"
	json ".total.flows == $counted" show || fail "counted without a template"
	agent_stop KILL
	agent_start
	waiting_is 30 || fail "the data were forgotten with the agent"
	send_on "$stream" "${data_only[@]}" --datagrams 5 "$@"
	wait_for 10 waiting_is 35
	agent_stop KILL
	agent_start
	send_on "$stream" "${options[@]}" --datagrams 5 "$@"
	wait_for 10 waiting_is 0
	check_counts
	# within one run, in a message that has both
	send --version 10 --layout ros6ipfix --datagrams 100 --template-first no \
		--template-every 70 "$@"
	send --version 10 --datagrams 100 --template-first no --template-every 30 \
		--template-in-data yes "$@"
	wait_for 10 waiting_is 0
	check_counts
	json '.[0].lost == 0' exporters || fail "loss where there was none"
	counted=$(nfm -o json show | jq .total.flows)
}

counted=0
agent_start
round
agent_stop
check_snapshots
nfm detach c0 || fail detach
configure xdp=off
rm "$LAB"/sent/*
counted=0
agent_start
rm "$LAB"/state/nfmeter.*
round --rate 2000 # at the socket: its table is a file
agent_stop
check_snapshots
