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
agent_start
SHARE=75 # options data make the agent look whether sampling has changed
send_armed --version 9 --layout ros7 --options-sampling 50 --template-every 0 --datagrams 600
send_armed --version 10 --layout ros6ipfix --options-sampling 50 --template-every 0 --datagrams 600
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
