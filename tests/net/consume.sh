#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Without tee what is counted does not reach a socket.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
nfm attach c0 || fail attach
sink_start "$NS_COLLECTOR" 0.0.0.0 9995 "$LAB/old"
sink_start "$NS_COLLECTOR" 0.0.0.0 9999 "$LAB/other"
send --datagrams 50
send --datagrams 50 --to "$COLLECTOR:9999" --save "$LAB/sent.other"
wait_for 10 is_same_file "$LAB/sent.other" "$LAB/other" # the sockets are alive
[ ! -s "$LAB/old" ] || fail "a datagram of ours reached a socket"
