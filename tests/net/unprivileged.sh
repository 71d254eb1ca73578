#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Without any privilege everything works through the socket.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
cp "$NFMETER" "$LAB/nfmeter"
NFMETER=$LAB/nfmeter
mkdir "$LAB/state" "$LAB/run"
chown 65534:65534 "$LAB/state" "$LAB/run"
chmod 644 "$CONF" "$LAB/customers.csv"
RUN_AS=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all
	--inh-caps=-all)
configure xdp=auto interfaces=
agent_start
[ "$(stat -c %u "/proc/$AGENT")" = 65534 ] || fail "the agent does not run as nobody"
send --datagrams 1000 --rate 2000
check_counts
json '.datagrams | .agent == 1000' status || fail "counted elsewhere"
agent_stop
check_snapshots
