#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# captures.sh kernel|socket: replays public captures of real exporters; every source's and destination's bytes,
# packets and flows are those of the truth that stands beside them. A line for each capture.
. "$(dirname "$0")/../lib/lab.sh"

CAPTURES=${CAPTURES:-$ROOT/../shared/captures}
[ -f "$CAPTURES/index.tsv" ] || skip "no captures at ../shared/captures"
lab_open

path=${1:-kernel}
configure customers.auto=0.0.0.0/0 capacity=8192 exporters=any
[ "$path" = kernel ] || configure xdp=off

# What a capture must add to the customers: the truth's sums, zeros left out. "none" is 0.0.0.0. Announced sampling
# is applied as nfdump does it.
expected() { # TRUTH CATEGORY VERSION
	jq -S --arg category "$2" --arg version "$3" '
		def count: {bytes: .[0], packets: .[1], flows: .[2]};
		def side($name): to_entries | map({
			key: (if .key == "none" then "0.0.0.0" else .key end), value: {($name): (.value | count)}})
			| from_entries;
		(if .nfdump.sampling_scaled then .nfdump else .[.expected_decoder] end) as $truth
		| if ($version | IN("v1", "v5")) and ($category | startswith("malformed") | not)
		  then ($truth.by_src | side("up")) * ($truth.by_dst | side("down")) else {} end' "$1"
}

# What was added between two `show`s, in the same shape.
added() { # BEFORE AFTER
	jq -nS --slurpfile before "$1" --slurpfile after "$2" '
		def table: [.customers[] | {key: .id, value: {up, down}}] | from_entries;
		def minus($a; $b): {bytes: ($a.bytes - ($b.bytes // 0)),
			packets: ($a.packets - ($b.packets // 0)), flows: ($a.flows - ($b.flows // 0))};
		($before[0] | table) as $was | $after[0] | table | to_entries | map(
			.key as $id | .value |= with_entries(
				.key as $way | .value = minus(.value; $was[$id][$way] // {}) | select(.value.flows != 0))
			| select(.value != {}))
		| from_entries'
}

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

# Prints what is wrong with one capture's replay, nothing if it is right.
replay() { # FILE CATEGORY VERSION
	local file=${1##*/} found

	nfm -o json show >"$LAB/before.json"
	received=$(nfm -o json status | jq .datagrams.received)
	sent_now=$(in_router "$NFSEND" pcap "$1" --to "$COLLECTOR" --rate 1000 | jq .sent) || { echo "not sent"; return; }
	in_time 10 accounted ||
		{ echo "of $sent_now: $(nfm -o json status | jq -c '[.datagrams, .reasons]')"; return; }
	nfm -o json show >"$LAB/after.json"
	found=$(jq -r -f "$LIB/conserves.jq" "$LAB/after.json")
	[ -z "$found" ] || { echo "$found"; return; }
	expected "$CAPTURES/truth/${file%.pcap}.json" "$2" "$3" >"$LAB/expected"
	added "$LAB/before.json" "$LAB/after.json" >"$LAB/added"
	diff "$LAB/expected" "$LAB/added" | head -n 20
}

# What nobody decodes yet, or nobody should, must be under a reason: as many rejections as datagrams.
rejections() {
	nfm -o json status | jq .datagrams.rejected
}

agent_start
failures=0
while IFS=$'\t' read -r file category _ _ version _; do
	[ -f "$CAPTURES/$file" ] || { echo "skip $file: not there"; continue; }
	[ -f "$CAPTURES/truth/${file%.pcap}.json" ] || { echo "skip $file no truth"; continue; }
	rejected=$(rejections)
	found=$(replay "$CAPTURES/$file" "$category" "$version")
	case "$category $version" in
	malformed*" v5" | *" ?" | *" v9" | *" ipfix")
		[ -n "$found" ] || [ "$(rejections)" -gt "$rejected" ] || found="no datagram was rejected"
		;;
	esac
	if [ -z "$found" ]; then
		echo "ok $file"
	else
		echo "FAIL $file"
		sed 's/^/  /' <<<"$found"
		failures=$((failures + 1))
	fi
done < <(tail -n +2 "$CAPTURES/index.tsv")
agent_stop
[ "$failures" = 0 ] || fail "$failures captures"
