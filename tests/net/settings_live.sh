#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Interval, ports and expiry are changed in the running agent, under traffic, by the datapath and by
# the socket: no datagram is lost or counted twice, and each snapshot says its own interval.
. "$(dirname "$0")/../lib/lab.sh"

set_live() { # KEY VALUE
	nfm -o json config set "$1" "$2" >"$LAB/set" || fail "set $1 $2"
	jq -e ".applied == [\"$1\"] and .pending == []" "$LAB/set" >/dev/null ||
		fail "not applied: $(cat "$LAB/set")"
}

lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
for xdp in native off; do
	configure xdp=$xdp interval=300 port=9995
	agent_start
	send_start --datagrams 8000 --rate 1000
	set_live collector.interval 2
	wait_for 20 snapshots_at_least 2
	for port in "9995 2055" "2055 9995" "2055 9995 9996"; do
		set_live collector.port "$port"
	done
	set_live collector.interval 1
	set_live expire.size 100M
	set_live expire.lifetime 1d
	send_wait
	send --datagrams 100 --rate 1000 --to "$COLLECTOR:2055"
	check_counts
	set_live collector.port 2055
	send --datagrams 100 --rate 1000 --to "$COLLECTOR:2055"
	check_counts
	sink_start "$NS_COLLECTOR" "$COLLECTOR" 9995 "$LAB/other" # it is free again
	send --datagrams 10 --save "$LAB/sent.other"
	rm "$LAB/sent/$SENT_RUNS.json"
	wait_for 10 is_same_file "$LAB/sent.other" "$LAB/other"
	check_counts
	json '.earlier.slot_seconds <= 2' status || fail "the slots did not follow"
	set_live collector.interval 300
	agent_stop
	check_snapshots
	jq -s 'map(.interval_seconds) | unique | . == [1, 2, 300]' "$LAB"/read/* |
		grep -q true || fail "intervals of the files"
	jq -se 'any(.[]; .merged) | not' "$LAB"/read/* >/dev/null || fail "a merged interval"
	grep -q '^port = 2055$' "$CONF.d/settings.conf" || fail "not kept"
	[ "$xdp" = off ] || nfm detach c0 >/dev/null || fail "detach"
	lab_kill TERM 5 # the sink
	rm -rf "$PIN" "$LAB/run" "$LAB/state" "$LAB"/sent/*.json "$CONF.d"
done
