#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Summer time begins and ends, as Berlin has it: intervals go on without a gap, an overlap or a name
# that is written over, also in the hour that comes twice.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/clock.sh"
lab_open
clock_open CET-1CEST,M3.5.0,M10.5.0/3
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=2

# An agent that begins some seconds before TIME, under traffic, until it has made MORE files.
agent_around() { # TIME MORE
	local before

	before=$(snapshots | wc -l)
	clock_at "$1"
	agent_start
	send --datagrams 4000 --rate 1000
	wait_for 15 snapshots_at_least $((before + $2))
	check_counts
	agent_stop
}

names_meet() { # JQ-CONDITION WHAT-ELSE
	files_meet "map(.file | ltrimstr(\"nfmeter.\")) | $1" "$2"
}

agent_around '2026-10-25 01:59:53 CEST' 7
names_meet 'index("202610250200") != null and index("20261025020002") != null' "no summer's hour"
agent_around '2026-10-25 02:59:53 CEST' 7 # going on with the same table
check_snapshots
no_epoch_twice
intervals_join
names_meet 'index("20261025020000") > index("20261025025958")
	and index("20261025020002.1") > index("20261025020000")' "no winter's hour"
files_meet 'map(select(.from == 1792890000 and .to == 1792890002)) | length == 1' \
	"no interval at the change"

nfm detach c0 || fail "detach"
rm -rf "$LAB/state" "$LAB/run" "$LAB"/sent/*
agent_around '2026-03-29 01:59:53 CET' 7
check_snapshots
no_epoch_twice
intervals_join
names_meet 'index("202603290300") == index("20260329015958") + 1' "the hour that is left out"
files_meet '.[1:-1] | map(.to - .from == 2) | all' "not two seconds each"
