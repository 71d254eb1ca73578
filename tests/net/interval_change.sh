#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Another interval in the configuration: the table goes on, with the slots that it was made with, by
# the datapath and by the socket; nothing that was counted is lost.
. "$(dirname "$0")/../lib/lab.sh"

lab_open
customers alice=10.1.0.0/24 bob=10.2.0.0/24
for xdp in native off; do
	configure xdp=$xdp interval=300
	agent_start
	send --version 5 --datagrams 5
	check_counts
	agent_stop
	configure interval=60
	agent_start
	json '.earlier | .slots == 8 and .slot_seconds > 0' status || fail "the slots are gone"
	send --version 5 --datagrams 5
	check_counts
	agent_stop
	check_snapshots
	[ "$xdp" = off ] || nfm detach c0 >/dev/null || fail "detach"
	rm -rf "$PIN" "$LAB/run" "$LAB/state" "$LAB"/sent/*.json
done
