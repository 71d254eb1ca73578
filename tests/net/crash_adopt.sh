#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Three NICs have an nfmeter each by `ip link`, and datagrams wait in all three rings. The first
# agent dies while it makes them one, and so does the next one: all counts once, and no ring stays
# pinned.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab interval=3600
CUSTOMERS=$LISTED
NICS=(c0 c1 c2)
ADDRESSES=("$COLLECTOR" 198.51.101.2 198.51.102.2)
OLD_RING=$PIN/nfm_punts_old
for i in 1 2; do
	ip -n "$NS_ROUTER" link add "r$i" type veth peer name "c$i" netns "$NS_COLLECTOR" \
		address "02:00:00:00:01:0$i"
	address_up "$NS_ROUTER" "r$i" "198.51.10$i.1" "2001:db8:$i::1"
	address_up "$NS_COLLECTOR" "c$i" "198.51.10$i.2" "2001:db8:$i::2"
	neighbour "$NS_ROUTER" "r$i" "02:00:00:00:01:0$i" "198.51.10$i.2"
done
EXPORTERS+="
[exporter others]
address = 198.51.101.1 198.51.102.1"
configure interfaces="${NICS[*]}"

send_all() { # DATAGRAMS
	for address in "${ADDRESSES[@]}"; do
		send --records 10 --datagrams "$1" --to "$address"
	done
}

by_ip_link() {
	for nic in "${NICS[@]}"; do
		ip -n "$NS_COLLECTOR" link set dev "$nic" xdp obj "$BPF_OBJECT" sec xdp ||
			fail "ip link"
	done
}

places() { # how many NICs have the first one's program
	for nic in "${NICS[@]}"; do
		xdp_id "$nic"
	done | grep -cx "$(xdp_id c0)"
}

# Ends the agent and its table, on which nothing may be left.
all_gone() { # FAULT
	agent_stop
	check_snapshots
	for nic in "${NICS[@]}"; do
		nfm detach "$nic" >"$LAB/said" || fail "$1: detach $nic"
	done
	grep -q 'table is gone' "$LAB/said" || fail "$1: the last detach said: $(cat "$LAB/said")"
	[ ! -e "$PIN" ] || fail "$1: still pinned: $(ls "$PIN")"
	rm -rf "$LAB/state" "$LAB"/sent/* "$LAB/handed"
}

works() { # FAULT
	agent_start
	check_counts
	[ "$(places)" = 3 ] || fail "$1: not one program on all NICs"
	[ ! -e "$OLD_RING" ] || fail "$1: a ring is still pinned"
	json '[.[].lost] | add == 0' exporters || fail "$1: loss where there was none"
	send_all 20
	check_counts
	json '.datagrams.kernel >= 60' status || fail "$1: not in the kernel"
}

# What an agent leaves that dies there: NICs that have the first one's program, and whether a ring
# is pinned. Of 60 datagrams a ring, commits 1 to 60 are of c1's, then 60 of c2's, then c0's.
while read -r fault nics ring; do
	by_ip_link
	send_all 60
	agent_dies "$fault"
	[ "$nics" = any ] || [ "$(places)" = "$nics" ] || fail "$fault: $(places) NICs, not $nics"
	case $ring in
	pinned) [ -e "$OLD_RING" ] || fail "$fault: no ring is pinned" ;;
	none) [ ! -e "$OLD_RING" ] || fail "$fault: a ring is pinned" ;;
	esac
	send_all 10 # to whatever is on each NIC now
	agent_dies commit:3+300
	works "$fault"
	all_gone "$fault"
done <<-END
	keep 1 none
	kept 1 pinned
	replace+400 any pinned
	replace+12000 2 pinned
	commit:50+300 2 pinned
	commit:60+300 2 pinned
	drop 2 pinned
	dropped 2 none
	kept:2 2 pinned
	commit:80+300 3 pinned
	drop:2 3 pinned
	dropped:2 3 none
END

# three for those above, and one for each second agent
(("$(grep -c 'finished a batch' "$LAB/agent.log")" >= 8)) ||
	fail "hardly any batch was under way: nothing was tested"

# Steady traffic: a ring is found whose program is still on its NIC, and fills it.
by_ip_link
sender_start "$LISTED" --records 10 --rate 2000 --to "${ADDRESSES[1]}"
for fault in kept kept commit:100+300; do
	agent_dies "$fault"
done
agent_start
traffic_stop
check_counts
[ ! -e "$OLD_RING" ] || fail "a ring is still pinned"
all_gone traffic
