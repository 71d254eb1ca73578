#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Records that cannot be are counted as they were sent, told per exporter, and fill no log: no
# packets, destination equal to source, packets too large or too small, rates beyond any link.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 carol=2001:db8:1::/56
round() { # OPTION…
	send --version 5 --datagrams 100 --odd-every 11 "$@"
	send --version 9 --layout ros7 --datagrams 100 --odd-every 11 "$@"
	send --version 9 --layout ros7v6 --datagrams 100 --odd-every 11 "$@"
	send --version 10 --layout wide --datagrams 100 --odd-every 3 "$@"
	send --version 9 --layout wide --datagrams 100 --odd-every 31 "$@"
	send --version 10 --layout reduced --datagrams 100 --odd-every 11 "$@"
	send --version 10 --layout varlen --datagrams 20 --odd-every 11 "$@"
	check_counts
	for note in empty same implausible; do
		expected=$(jq -s "map(.notes.$note) | add" "$LAB"/sent/*.json)
		((expected > 50)) || fail "the test sends $expected $note"
		json ".[0].notes | (.$note // .${note}_address) == $expected" exporters ||
			fail "$note is not $expected: $(nfm -o json exporters | jq -c '.[0].notes')"
	done
	json '.[0].notes.wrapped == 0' exporters || fail "took something for a wrap"
}
agent_start
round
agent_stop
nfm detach c0 || fail detach
configure xdp=off
rm "$LAB"/sent/*
agent_start
round --rate 2000
lines=$(wc -l <"$LAB/agent.log")
((lines < 100)) || fail "$lines lines in the log"
