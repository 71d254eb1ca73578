#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The state folder's file system becomes read-only, as after an error of its disk, and writable
# again.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/disk.sh"
lab_open
disk_mount 1M
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
agent_start
send --datagrams 100
wait_for 10 snapshots_at_least 1
disk_lock
send --datagrams 200
wait_for 10 cannot_write 'Read-only file system; mount it writable, or name another folder'
send --datagrams 300
check_counts
# an agent that is killed meanwhile leaves what waits to the next one
agent_stop KILL
agent_start
send --datagrams 50
check_counts
wait_for 10 cannot_write 'Read-only file system'
before=$(snapshots | wc -l)
disk_unlock
wait_for 15 can_write
wait_for 10 snapshots_at_least $((before + 2))
agent_stop
check_snapshots
