#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Loss is exact, per stream: gaps, reordering, duplicates, wrap of the counter, restart of the
# router.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
declare -A lost=() resets=()
stream() { # LOST RESETS OPTION…
	send --datagrams 400 --records 7 "${@:3}"
	lost[$SENT_RUNS]=$1 resets[$SENT_RUNS]=$2
}

stream 0 0
stream $((4 * 7)) 0 --datagrams 405 --lose 100
stream 0 0 --swap 9
stream 0 0 --twice 50
stream 0 0 --sequence 4294967000
stream $((4 * 7)) 0 --datagrams 405 --lose 100 --swap 9 --sequence 4294966000
stream 0 1 --restart 200 --sequence 500000
check_counts
v5_streams=$SENT_RUNS
stream 4 0 --version 9 --datagrams 405 --lose 100 --swap 9 --twice 50 --sequence 4294967200
stream $((4 * 7)) 0 --version 10 --datagrams 405 --lose 100 --swap 9 --twice 50 \
	--sequence 4294966000
stream 0 1 --version 9 --restart 200 --sequence 500000
stream 0 1 --version 10 --restart 100 --sequence 500000 --rate 150 # its clock counts seconds
check_counts

unit_of() { # DOMAIN
	if (($1 > v5_streams)) && [ "$(sent .version "$1")" = 9 ]; then
		echo datagrams
	else
		echo records
	fi
}
judged() { # DOMAIN
	json ".[0].streams | map(select(.domain == $1))[0] |
		.lost == ${lost[$1]} and .resets == ${resets[$1]} and
		.unit == \"$(unit_of "$1")\"" exporters
}
for domain in "${!lost[@]}"; do
	deadline=$((SECONDS + 20))
	until judged "$domain"; do
		((SECONDS < deadline)) || fail "stream $domain is not judged as it was sent:" \
			"$(nfm -o json exporters |
				jq -c ".[0].streams[] | select(.domain == $domain)")"
		sleep "$POLL"
	done
done
json '.[0] | .lost == 88 and .lost == ([.streams[].lost] | add)' exporters ||
	fail "the exporter's sum"
