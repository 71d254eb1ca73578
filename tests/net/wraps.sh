#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 32-bit byte counters that wrapped are told, per exporter; repair-wraps = yes gives back what the
# packets prove.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
notes_are() {
	json "(.[0].notes.wrapped == $(jq -s 'map(.notes.wrapped) | add' "$LAB"/sent/*.json)) and
		(.[0].notes.repaired == $(jq -s 'map(.notes.repaired) | add' "$LAB"/sent/*.json))" \
		exporters ||
		fail "notes: $(nfm -o json exporters | jq -c '.[0].notes')"
}
round() { # OPTION…
	send --version 5 --datagrams 100 --wrap-every 100 "$@"
	send --version 9 --layout ros7 --datagrams 100 --wrap-every 100 "$@"
	send --version 10 --layout ros6ipfix --datagrams 100 --wrap-every 7 "$@"
	send --version 9 --layout varlen --datagrams 20 --wrap-every 7 "$@"
	check_counts
	notes_are
	[ "$(sent .notes.wrapped)" -gt 20 ] || fail "the test sends no wraps"
}
agent_start
# only datagrams with a wrap go to the agent
send_armed --version 9 --layout ros7 --datagrams 400 --wrap-every 2000
round
json '.[0].notes.repaired == 0' exporters || fail "repaired, unasked"
nfm exporters | grep -qi wrap || fail "exporters does not tell: $(nfm exporters)"
EXPORTERS="$EXPORTERS
repair-wraps = yes"
configure
agent_stop
agent_start
round --expect-repair yes
json '.[0].notes.repaired > 0' exporters || fail "nothing repaired"
json ".reasons.wrapped == $(jq -s 'map(.notes.wrapped) | add' "$LAB"/sent/*.json)" status ||
	fail "status"
agent_stop
nfm detach c0 || fail detach
configure xdp=off
rm "$LAB"/sent/*
agent_start
round --expect-repair yes --rate 2000
