#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGHUP lists an exporter in the running agent: refused before, counted after, nothing else moves.
# A configuration with an error changes nothing, and says so.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
listed=$EXPORTERS
EXPORTERS='[exporter elsewhere]
address = 203.0.113.9'
configure
agent_start
send --datagrams 50
rm "$LAB/sent/1.json"
wait_received 50
json '.reasons.refused == 50' status || fail "not refused"

EXPORTERS=$listed
configure
kill -HUP "$AGENT"
wait_for 10 logged 'exporters: 2 listed'
send --datagrams 150
wait_received 200
json '.reasons.refused == 50 and .datagrams.kernel == 150' status ||
	fail "not counted in the kernel"

EXPORTERS='[exporter broken]
address = 203.0.113.999'
configure
kill -HUP "$AGENT"
wait_for 10 logged 'configuration not reloaded'
EXPORTERS=$listed
configure interval=60
kill -HUP "$AGENT"
wait_for 10 logged 'collector.interval was "300", is now "60"'
logged "directory (has changed|was)" && fail "tells of what stayed"
send --datagrams 100
wait_received 300
json '.reasons.refused == 50 and .datagrams.kernel == 250' status ||
	fail "the old list did not stay"
sent_files >"$LAB/sent.sum"
nfm -o json show >"$LAB/show.json"
found=$(differences "$LAB/sent.sum" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
