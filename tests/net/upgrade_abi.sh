#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A build of another ABI refuses the table and says what to do; the old program counts on, its agent
# can be started again; and who does what was said loses nothing.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24
abi=$(nfm -o json version | jq .abi)
advice="ABI version $abi, this build has 99.*detach.*stop the agent.*history"

refuses_all() { # in whatever way it is asked
	build_use other-abi
	for xdp in native auto; do
		configure xdp=$xdp
		start_refused "$advice"
	done
	for command in "attach c0" "detach c0"; do
		# shellcheck disable=SC2086 # command and NIC
		nfm $command 2>"$LAB/error" && fail "$command of another ABI's table"
		grep -qE "$advice" "$LAB/error" || fail "$command said: $(cat "$LAB/error")"
	done
	[ "$(xdp_id)" = "$id" ] || fail "program $id is not there any more"
}

# nobody has adopted it, nothing is pinned
ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$BPF_OBJECT" sec xdp || fail "ip link xdp obj"
id=$(xdp_id)
refuses_all
configure xdp=off
start_refused "$advice" # it takes the datagrams before the socket
[ -z "$(ls -A "$PIN" 2>/dev/null)" ] || fail "pinned what it cannot read: $(ls -A "$PIN")"
ip -n "$NS_COLLECTOR" link set dev c0 xdp off

# a table that counts
configure xdp=native
build_use ours
agent_start
MAPS=$(maps_of c0)
id=$(xdp_id)
send --datagrams 100
wait_received 100
agent_stop
refuses_all
nfm status 2>"$LAB/error" && fail "status of another ABI's table"
grep -q "ABI version $abi.*use the build that made it" "$LAB/error" ||
	fail "status said: $(cat "$LAB/error")"
nfm doctor >"$LAB/said" && fail "doctor found nothing"
grep -q "table.*ABI version $abi" "$LAB/said" || fail "doctor said: $(cat "$LAB/said")"
send --datagrams 100 # the old program counts on
configure xdp=native
build_use ours
check_counts
agent_start
counts_by_this_build c0
[ "$(xdp_id)" = "$id" ] || fail "its own build's agent replaced program $id"
send --datagrams 100
check_counts

# what was said, step by step
nfm detach c0 >"$LAB/said" || fail "detach beside the agent"
send --datagrams 100 --rate 2000
check_counts
agent_stop
nfm detach c0 >"$LAB/said" || fail "detach again"
grep -q 'table is gone' "$LAB/said" || fail "detach said: $(cat "$LAB/said")"
build_use other-abi
agent_start
send --datagrams 100
wait_received 100
json '.datagrams.kernel == 100 and .datapath.current' status || fail "not a table of its own"
agent_stop
check_snapshots # old and new ones together hold all that was sent
