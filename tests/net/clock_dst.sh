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

clock_reaches() { # UNIX-SECONDS
	[ "$(clock_now)" -ge "$1" ]
}

# An agent under traffic, from five seconds before UNIX-SECONDS to five behind. It is that time for
# it as soon as it runs, however long a busy machine takes to start it.
agent_around() { # UNIX-SECONDS
	clock_set $(($1 - 600 - $(date +%s)))
	agent_start
	clock_set $(($1 - 5 - $(date +%s)))
	send --datagrams 4000 --rate 1000
	wait_for 20 clock_reaches $(($1 + 5))
	check_counts
	agent_stop
}

joins_around() { # UNIX-SECONDS
	files_meet "map(select(.from >= $1 - 5 and .to <= $1 + 10))
		| length >= 4 and ([range(1; length) as \$i | .[\$i].from == .[\$i - 1].to] | all)
		and (map(select(.to == $1)) | length == 1)" "intervals do not join"
}

names_meet() { # JQ-CONDITION WHAT-ELSE
	files_meet "map(.file | ltrimstr(\"nfmeter.\")) | $1" "$2"
}

summer=$(date -d '2026-10-25 02:00:00 CEST' +%s)
winter=$(date -d '2026-10-25 02:00:00 CET' +%s)
[ $((winter - summer)) = 3600 ] || fail "the zone has no summer time here"
agent_around "$summer"
agent_around "$winter" # going on with the same table
check_snapshots
no_epoch_twice
joins_around "$summer"
joins_around "$winter"
names_meet 'index("202610250200") < index("20261025020000")
	and index("20261025025958") < index("20261025020000")
	and index("20261025020002") < index("20261025020002.1")' "the hour that comes twice"

nfm detach c0 || fail "detach"
rm -rf "$LAB/state" "$LAB/run" "$LAB"/sent/*
spring=$(date -d '2026-03-29 03:00:00 CEST' +%s)
agent_around "$spring"
check_snapshots
no_epoch_twice
joins_around "$spring"
names_meet 'index("202603290300") == index("20260329015958") + 1' "the hour that is left out"
