#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk that is full of our own old files: a lower limit and SIGHUP, as the error advises, make
# room, although no snapshot can be written before.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/disk.sh"
lab_open
disk_mount 512K
customers alice=10.0.0.0/24
configure interval=1 expire.size= expire.lifetime=
agent_start
send --datagrams 50
wait_for 10 snapshots_at_least 1
head -c 200K /dev/urandom >"$LAB/state/nfmeter.202001010000"
disk_fill
send --datagrams 100
wait_for 10 cannot_write 'No space left on device; .*lower size or lifetime under \[expire\]'
configure expire.lifetime=1d
kill -HUP "$AGENT"
wait_for 15 can_write
[ ! -e "$LAB/state/nfmeter.202001010000" ] || fail "written without expiry: the test says nothing"
disk_free
agent_stop
check_snapshots
