#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The agent dies while it sets a new table up, pins it, and attaches, and so does the next one. The
# one after that finds its way, whatever is left of the pins; of a datapath that `ip link` had
# attached before nothing is lost that waited in its ring.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab interval=3600
CUSTOMERS=$LISTED

works() {
	agent_start
	send --records 10 --datagrams 40
	send --version 9 --layout varlen --datagrams 20
	check_exact "$1"
	rm -rf "$LAB/state" "$LAB"/sent/* "$LAB/handed"
}

for point in recover apply+2000 pin+500 pin+5000 pin+20000 attach attach+500; do
	agent_dies "$point"
	agent_dies "$point"
	works 30
	nfm detach c0 >/dev/null || fail "$point: detach"
	[ -z "$(xdp_id)" ] && [ ! -e "$PIN/program" ] || fail "$point: detached, and yet there"
done

for point in recover apply apply+2000 commit:7+400 pin pin+5000; do
	ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$BPF_OBJECT" sec xdp || fail "ip link"
	send --records 10 --datagrams 40 # they wait for an agent
	# it comes to count when it is through with the start
	agent_dies "$point"
	agent_dies "$point"
	works 20
	nfm detach c0 >/dev/null || fail "$point: detach"
done
