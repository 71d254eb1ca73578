#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# captures.sh kernel|socket: replays public captures of real exporters; every source's and
# destination's bytes, packets and flows are those of the truth that stands beside them. Each comes
# from an address of its own, and twice: at first the agent learns its templates, then the kernel
# has what it can decode. A line for each replay.
. "$(dirname "$0")/../lib/lab.sh"

CAPTURES=${CAPTURES:-$ROOT/../shared/captures}
[ -f "$CAPTURES/index.tsv" ] || skip "no captures at ../shared/captures"
COMPARE=$(dirname "$0")/compare.py
NAT_CAPTURE=kd_mikrotik_ros7_v9
lab_open

path=${1:-kernel}
configure customers.auto="0.0.0.0/0 ::/0" capacity=8192
[ "$path" = kernel ] || configure xdp=off

# An address per capture; none of them is asked for what NAT made of it, but the last one.
declare -A source=()
addresses=()
host=2
while IFS=$'\t' read -r file _; do
	host=$((host + 1))
	source[$file]=192.0.2.$host
	addresses+=("192.0.2.$host")
done < <(tail -n +2 "$CAPTURES/index.tsv")
nat_source=192.0.2.$((host + 1))
for address in "${addresses[@]}" "$nat_source"; do
	ip -n "$NS_ROUTER" address add "$address/24" dev r0
done
EXPORTERS="[exporter captures]
address = ${addresses[*]}
nat = no
[exporter nat]
address = $nat_source"
configure

accounted() {
	received_is "$((received + sent_now))"
}

in_time() { # SECONDS COMMAND…: as wait_for, but goes on
	local deadline=$((SECONDS + $1))

	until "${@:2}"; do
		((SECONDS < deadline)) || return 1
		sleep "$POLL"
	done
}

look() { # FOLDER
	local command

	mkdir -p "$1"
	for command in show status exporters; do
		nfm -o json "$command" >"$1/$command"
	done
}

# What has waited is counted a moment after the datagram that brought its template: at the agent's
# next tick. Ten looks in a row that see the same are behind it.
unchanged() {
	nfm -o json show | jq -c .total >"$LAB/total.now"
	if cmp -s "$LAB/total.now" "$LAB/total"; then
		same=$((same + 1))
	else
		same=0
		mv "$LAB/total.now" "$LAB/total"
	fi
	((same >= 10))
}

# Prints what is wrong with one capture's replay, nothing if it is right. $LAB/after of one is
# $LAB/before of the next.
replay() { # NAME HOW ADDRESS
	local received sent_now same

	rm -rf "$LAB/before"
	mv "$LAB/after" "$LAB/before"
	received=$(jq .datagrams.received "$LAB/before/status")
	sent_now=$(in_router "$NFSEND" pcap "$CAPTURES/$1.pcap" --from "$3" --to "$COLLECTOR" \
		--rate 2000 | jq .sent)
	in_time 10 accounted ||
		echo "of $sent_now: $(nfm -o json status | jq -c '[.datagrams, .reasons]')"
	kill -0 "$AGENT" 2>/dev/null || echo "the agent ended"
	same=0
	[ "$2" != least ] || in_time 10 unchanged
	look "$LAB/after"
	python3 "$COMPARE" "$2" "$CAPTURES/truth/$1.json" "$3" "$LAB/before" "$LAB/after" 2>&1 |
		head -n 20
}

report() { # NAME FOUND
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		printf 'FAIL %s\n%s\n' "$1" "$2"
		failures=$((failures + 1))
	fi
}

all_captures() { # WORDS
	local file category version name how

	while IFS=$'\t' read -r file category _ _ version _; do
		name=${file%.pcap}
		[ -f "$CAPTURES/$file" ] || { echo "skip $file: not there"; continue; }
		[ -f "$CAPTURES/truth/$name.json" ] || { echo "skip $file no truth"; continue; }
		how=exact
		[ "$(jq .tshark.sets_without_template "$CAPTURES/truth/$name.json")" = 0 ] ||
			how=least
		case "$category $version" in
		malformed*" v5" | *" ?") how=none ;;
		malformed*) how=most ;;
		esac
		report "$file$1" "$(replay "$name" "$how" "${source[$file]}")"
	done < <(tail -n +2 "$CAPTURES/index.tsv")
	report "$NAT_CAPTURE, inside view$1" "$(replay "$NAT_CAPTURE" nat "$nat_source")"
}

installed() { # the kernel has everything that it can decode
	json 'all(.[]; .why | tostring | test("not installed") | not)' templates
}

agent_start
failures=0
look "$LAB/after"
all_captures ""
[ "$path" = socket ] || wait_for 20 installed
by_kernel=$(jq .datagrams.kernel "$LAB/after/status")
all_captures ", again"
by_kernel=$(($(jq .datagrams.kernel "$LAB/after/status") - by_kernel))
[ "$path" = socket ] || ((by_kernel > 250)) ||
	fail "the kernel counted only $by_kernel: $(nfm templates)"
found=$(jq -r -f "$LIB/conserves.jq" "$LAB/after/show")
[ -z "$found" ] || fail "$found"
agent_stop
lines=$(wc -l <"$LAB/agent.log")
((lines < 300)) || fail "$lines lines in the log"
[ "$failures" = 0 ] || fail "$failures captures"
