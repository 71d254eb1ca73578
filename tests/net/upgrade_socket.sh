#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Without XDP the table is a file: another build goes on with it, one of another ABI says to remove
# it and leaves it alone; the snapshots go on.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/builds.sh"
lab_open
customers alice=10.0.0.0/24
abi=$(nfm -o json version | jq .abi)
configure xdp=off
for build in ours:TERM other:KILL ours:TERM; do
	build_use "${build%:*}"
	agent_start
	send --datagrams 100 --rate 2000
	check_counts
	json '.datapath == {build: null, current: false}' status || fail "status: $(nfm status)"
	agent_stop "${build#*:}"
done
sum=$(sha256sum <"$LAB/run/table")
build_use other-abi
start_refused "run/table: .*ABI version $abi, this build has 99.*remove it"
[ "$(sha256sum <"$LAB/run/table")" = "$sum" ] || fail "it wrote to what it cannot read"
build_use ours
agent_start
check_counts
agent_stop
rm "$LAB/run/table"
build_use other-abi
agent_start
send --datagrams 100 --rate 2000
wait_received 100
agent_stop
check_snapshots
