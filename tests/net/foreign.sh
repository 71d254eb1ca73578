#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A foreign XDP program on the NIC is left alone, with an error that says so.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
foreign_program "$LAB/pass.o"
ip -n "$NS_COLLECTOR" link set dev c0 xdp obj "$LAB/pass.o" sec xdp || fail "ip link"
id=$(xdp_id)
nfm attach c0 2>"$LAB/error" && fail "attached over a foreign program"
grep -q c0 "$LAB/error" || fail "the error does not name the NIC: $(cat "$LAB/error")"
nfm detach c0 2>"$LAB/error" && fail "detached a foreign program"
[ "$(xdp_id)" = "$id" ] || fail "the foreign program is gone"

agent_launch
said_so() {
	logged 'c0.*(foreign|another|not nfmeter)' || logged '(foreign|another|not nfmeter).*c0'
}
wait_for 10 said_so
[ "$(xdp_id)" = "$id" ] || fail "the agent took the foreign program's place"
