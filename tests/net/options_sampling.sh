#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Sampling that options data announce multiplies, in the kernel too; a sampler's id says which; the
# configuration beats it.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
round() { # OPTION…
	for version in 9 10; do
		for sampling in 100 1000/3; do
			send --version "$version" --layout ros7 --options-sampling "$sampling" \
				--datagrams 200 "$@"
		done
		# the rate changes: what comes behind it has the new one
		send_on "$SENT_RUNS" --version "$version" --layout ros7 --options-sampling 7/3 \
			--datagrams 200 "$@"
	done
	check_counts
	options=$(jq -s 'map(.options) | add' "$LAB"/sent/*.json)
	json ".[0].notes.options == $options and .[0].lost == 0" exporters ||
		fail "options: $(nfm -o json exporters)"
}
repeated() { # OPTION…: the same options data for the third time disarm nothing
	local stream counts

	send "$@" --datagrams 1
	stream=$SENT_RUNS
	for _ in 1 2; do
		check_counts
		wait_for 20 in_kernel
		counts=$(nfm -o json status | jq -r '.datagrams | "\(.received) \(.kernel)"')
		send_on "$stream" "$@"
	done
	check_counts
	# shellcheck disable=SC2086 # two numbers
	kernel_share 95 $counts
}
agent_start
repeated --version 9 --layout ros7 --options-sampling 50 --template-every 0 --datagrams 300
repeated --version 10 --layout ros6ipfix --options-sampling 50 --template-every 0 --datagrams 300
round
EXPORTERS="$EXPORTERS
sampling = 1"
configure
agent_stop
agent_start
send --version 9 --layout ros7 --options-sampling 100 --expect-sampling 1 --datagrams 100
check_counts
EXPORTERS="[exporter router]
address = $ROUTER $ROUTER6"
configure xdp=off
agent_stop
nfm detach c0 || fail detach
rm "$LAB"/sent/*
agent_start
round --rate 2000
