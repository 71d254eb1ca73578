#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Real NetFlow v5, v9 and IPFIX: softflowd reads real traffic; nfmeter's sums per host are those of
# nfcapd and nfdump, which get the very same datagrams (tee).
. "$(dirname "$0")/../lib/lab.sh"
for tool in softflowd nfcapd nfdump tcpdump; do
	command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin
	command -v "$tool" >/dev/null || skip "no $tool"
done
lab_open
configure tee=yes customers.auto=198.51.100.0/24
agent_start

mkdir "$LAB/nfcapd"
"${IN_COLLECTOR[@]}" nfcapd -w "$LAB/nfcapd" -p 9995 -t 300 -P "$LAB/nfcapd.pid" \
	>"$LAB/nfcapd.log" 2>&1 &
nfcapd=$!
port_bound() {
	in_collector ss -Hlun 'sport = 9995' | grep -q .
}
wait_for 10 port_bound

# customers behind the router: traffic from namespace to namespace over a second veth pair
ip -n "$NS_ROUTER" link add lan0 type veth peer name lan0 netns "$NS_COLLECTOR"
ip -n "$NS_ROUTER" address add 198.51.100.1/24 dev lan0
ip -n "$NS_COLLECTOR" address add 198.51.100.2/24 dev lan0
for host in 3 4 5; do
	ip -n "$NS_COLLECTOR" address add "198.51.100.$host/24" dev lan0
done
ip -n "$NS_ROUTER" link set lan0 up
ip -n "$NS_COLLECTOR" link set lan0 up
"${IN_ROUTER[@]}" tcpdump --immediate-mode -q -n -U -i lan0 -w "$LAB/traffic.pcap" icmp \
	>"$LAB/tcpdump.log" 2>&1 &
tcpdump=$!
watches() {
	grep -q 'listening on' "$LAB/tcpdump.log"
}
wait_for 10 watches
for host in 2 3 4 5; do
	in_router ping -q -c $((host * 10)) -i 0.01 -s $((host * 100)) "198.51.100.$host" \
		>/dev/null || fail "ping"
done
packets_seen() { # 140 requests and 140 answers
	[ "$(tcpdump -q -n -r "$LAB/traffic.pcap" 2>/dev/null | wc -l)" = 280 ]
}
wait_for 10 packets_seen
kill "$tcpdump"
records_are() {
	json ".records.received == $1" status
}
records=0
for version in 5 9 10; do
	in_router softflowd -r "$LAB/traffic.pcap" -n "$COLLECTOR:9995" -v "$version" -d \
		-p "$LAB/softflowd.pid" -c none >"$LAB/softflowd.log" 2>&1 ||
		fail "softflowd: $(cat "$LAB/softflowd.log")"
	records=$((records + 8)) # four pings, each way
	wait_for 20 records_are "$records"
done
flushed() {
	in_collector ss -Hlun 'sport = 9995' | awk '$2 > 0 { exit 1 }'
}
wait_for 10 flushed
kill "$nfcapd"
wait "$nfcapd"

sums() { # srcip|dstip
	nfdump -q -N -R "$LAB/nfcapd" -A "$1" -o "fmt:%${1:0:1}a %byt %pkt %fl" |
		awk 'NF == 4 { print $1, $2, $3, $4 }' | sort
}
shown() { # up|down
	nfm -o json show | jq -r ".customers[] | select(.$1.flows > 0)
		| \"\\(.id) \\(.$1.bytes) \\(.$1.packets) \\(.$1.flows)\"" | sort
}
sums srcip >"$LAB/nfdump.up"
sums dstip >"$LAB/nfdump.down"
[ "$(wc -l <"$LAB/nfdump.up")" = 5 ] || fail "nfdump: $(cat "$LAB/nfdump.up" "$LAB/nfcapd.log")"
diff "$LAB/nfdump.up" <(shown up) || fail "up differs from nfdump"
diff "$LAB/nfdump.down" <(shown down) || fail "down differs from nfdump"
found=$(nfm -o json show | jq -r -f "$LIB/conserves.jq")
[ -z "$found" ] || fail "$found"
json '.datagrams.kernel + .datagrams.agent == .datagrams.received' status || fail "rejected some"
