#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A second agent on the same table refuses to run; the first goes on.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
for xdp in native off; do
	rm -f "$LAB"/sent/*
	configure xdp="$xdp"
	agent_start
	timeout 20 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$CONF" run 2>"$LAB/error"
	status=$?
	[ "$status" = 1 ] || fail "the second agent ended with $status: $(cat "$LAB/error")"
	# nor with a runtime folder of its own: the pins are one table's
	sed "s|^runtime = .*|runtime = $LAB/run2|" "$CONF" >"$LAB/second.conf"
	if [ "$xdp" = native ]; then
		timeout 20 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$LAB/second.conf" run 2>"$LAB/error"
		status=$?
		[ "$status" = 1 ] || fail "the second runtime's agent ended with $status"
		grep -q 'is locked' "$LAB/error" || fail "it said: $(cat "$LAB/error")"
	fi
	send --datagrams 100 --rate 1000
	check_counts
	agent_stop
	[ "$xdp" = off ] || nfm detach c0 || fail detach
done
