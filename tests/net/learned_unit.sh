#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a stream's sequence counts is learned from the stream: v9 that counts records, IPFIX that
# counts datagrams; loss is exact in either, also the loss before it was learned.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
declare -A lost=() unit=()
stream() { # UNIT OPTION…
	send --sequence-unit "$1" --datagrams 405 --rate 2000 "${@:2}"
	lost[$SENT_RUNS]=$(sent .left_out.units) unit[$SENT_RUNS]=$1
}
judged() { # DOMAIN
	json ".[0].streams | map(select(.domain == $1))[0] | .lost == ${lost[$1]} and .resets == 0
		and .unit == \"${unit[$1]}\"" exporters
}
round() { # OPTION…
	for version in 9 10; do
		for unit in records datagrams; do
			stream "$unit" --version "$version" "$@"
			stream "$unit" --version "$version" --lose 100 "$@"
			stream "$unit" --version "$version" --lose 100 --swap 9 --twice 50 \
				--layout ros7 "$@"
			stream "$unit" --version "$version" --sequence 4294967000 \
				--options-sampling 1 "$@"
		done
	done
	check_counts
	for domain in "${!lost[@]}"; do
		wait_for 10 judged "$domain"
	done
}
agent_start
round
agent_stop
nfm detach c0 || fail detach
configure xdp=off
rm "$LAB"/sent/*
lost=()
agent_start
round
