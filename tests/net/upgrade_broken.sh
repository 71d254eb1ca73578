#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A build whose datapath the kernel does not load: the old program goes on, and the agent with it.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
id=$(xdp_id)
send --datagrams 100
agent_stop KILL
build_use other-broken
agent_start
logged "program $id, of another build .*goes on: .*cannot be loaded" || fail "not said"
[ "$(xdp_id)" = "$id" ] && [ "$(pinned_program)" = "$id" ] || fail "program $id is not there"
json '.datapath.current == false' status || fail "status does not say which build counts"
nfm doctor >"$LAB/said"
grep -q 'datapath.*of another build' "$LAB/said" || fail "doctor said: $(cat "$LAB/said")"
send --datagrams 100
check_counts
json '.datagrams.kernel == 200' status || fail "not counted in the kernel"
agent_stop
nfm detach c0 >/dev/null || fail "detach"
start_refused 'cannot load the datapath' # there is nothing to go on with
