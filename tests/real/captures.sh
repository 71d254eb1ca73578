#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# captures.sh kernel|socket: replays public captures of real exporters; every source's and destination's bytes,
# packets and flows are those of the truth that stands beside them. Each comes from an address of its own, and twice:
# at first the agent learns its templates, then the kernel has what it can decode. A line for each replay.
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

truth() { # JQ-PATH
	jq "$1" "$CAPTURES/truth/$name.json"
}

# Of the exporter: options records.
options_of() { # ADDRESS
	nfm -o json exporters | jq "[.[] | select(.address == \"$1\") | .notes.options] | add // 0"
}

counts() { # what must not move, or must
	nfm -o json status | jq -r '"\(.datagrams.received) \(.datagrams.rejected) \(.waiting.sets)"'
}

# Prints what is wrong with one capture's replay, nothing if it is right.
replay() { # HOW ADDRESS REJECTS
	local received rejected waited rejected_now waited_now options late

	nfm -o json show >"$LAB/before.json"
	read -r received rejected waited < <(counts)
	options=$(options_of "$2")
	late=$(truth .tshark.sets_without_template)
	sent_now=$(in_router "$NFSEND" pcap "$CAPTURES/$name.pcap" --from "$2" --to "$COLLECTOR" --rate 2000 | jq .sent) ||
		{ echo "not sent"; return; }
	in_time 10 accounted ||
		{ echo "of $sent_now: $(nfm -o json status | jq -c '[.datagrams, .reasons]')"; return; }
	kill -0 "$AGENT" 2>/dev/null || { echo "the agent ended"; return; }
	nfm -o json show >"$LAB/after.json"
	jq -r -f "$LIB/conserves.jq" "$LAB/after.json"
	python3 "$COMPARE" "$1" "$CAPTURES/truth/$name.json" "$LAB/before.json" "$LAB/after.json" | head -n 20
	read -r _ rejected_now waited_now < <(counts)
	if [ "$3" = yes ]; then
		((rejected_now > rejected)) || echo "no datagram was rejected"
	elif [ "$1" != most ]; then
		((rejected_now == rejected)) || echo "rejected: $(nfm -o json status | jq -c .reasons)"
		((waited_now <= waited + late)) || echo "$((waited_now - waited)) sets wait, of $late without a template"
		((options + $(truth .expected.options_records) == $(options_of "$2"))) || echo "options records: $(options_of "$2")"
	fi
}

report() { # NAME FOUND
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "FAIL $1"
		sed 's/^/  /' <<<"$2"
		failures=$((failures + 1))
	fi
}

all_captures() { # WORDS
	local how rejects file category version

	while IFS=$'\t' read -r file category _ _ version _; do
		name=${file%.pcap}
		[ -f "$CAPTURES/$file" ] || { echo "skip $file: not there"; continue; }
		[ -f "$CAPTURES/truth/$name.json" ] || { echo "skip $file no truth"; continue; }
		how=exact rejects=no
		[ "$(truth .tshark.sets_without_template)" = 0 ] || how=least
		case "$category $version" in
		malformed*" v5" | *" ?") how=most rejects=yes ;;
		malformed*) how=most ;;
		esac
		report "$file$1" "$(replay "$how" "${source[$file]}" "$rejects")"
	done < <(tail -n +2 "$CAPTURES/index.tsv")
}

installed() { # the kernel has everything that it can decode
	json 'all(.[]; .why | tostring | test("not installed") | not)' templates
}

agent_start
failures=0
all_captures ""
name=$NAT_CAPTURE
report "$name, inside view" "$(replay nat "$nat_source" no)"
[ "$path" = socket ] || wait_for 20 installed
before=$(nfm -o json status | jq .datagrams.kernel)
all_captures ", again"
name=$NAT_CAPTURE
report "$name, inside view, again" "$(replay nat "$nat_source" no)"
counted=$(($(nfm -o json status | jq .datagrams.kernel) - before))
[ "$path" = socket ] || ((counted > 250)) || fail "the kernel counted only $counted: $(nfm templates)"
agent_stop
lines=$(wc -l <"$LAB/agent.log")
((lines < 300)) || fail "$lines lines in the log"
[ "$failures" = 0 ] || fail "$failures captures"
