#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An exporter is never, then ok, then stale after two intervals of silence, then ok again.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
configure interval=1
agent_start
state_is() {
	json ".[0].state == \"$1\" and .[0].name == \"router\"" exporters
}
state_is never || fail "not never: $(nfm -o json exporters)"
send --datagrams 10
wait_for 2 state_is ok
wait_for 15 state_is stale
send --datagrams 10
wait_for 2 state_is ok
