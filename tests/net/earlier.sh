#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Flows of 30 minutes and 1.8 GB stand in the slots in which they were sent, whoever counted them:
# v5, v9 and IPFIX, in the kernel and by the socket. Every sum stays as it was.
. "$(dirname "$0")/../lib/lab.sh"

long=(--datagrams 4 --bytes 1800000000 --duration 1800000 --age 0)

# Five slots of five minutes lie within the flows, whenever they were sent: a sixth each, but for
# what headers in whole seconds make of it. Two share the rest; nothing is anywhere else.
check_slots() {
	# shellcheck disable=SC2046 # names without spaces
	"$NFMETER" -o json read $(snapshots) | jq -s -f "$LIB/slots.jq" >"$LAB/slots.json" ||
		fail "read"
	jq -e 'length == 2 and all(.[]; (.bytes / 6) as $sixth
		| ([.slots[]] | add) == .bytes
		and ([.slots[] | select((. - $sixth | fabs) <= $sixth / 1000)] | length) >= 5
		and ((.slots | with_entries(select(.value > 0)) | keys | map(tonumber)) as $times
			| ($times | max) - ($times | min) <= 2100))' "$LAB/slots.json" >/dev/null ||
		fail "not in their slots: $(jq -c . "$LAB/slots.json")"
}

known_to_kernel() {
	json '[.[] | select(.where == "kernel")] | length >= 4' templates
}

begin_anew() {
	rm -rf "$PIN" "$LAB/run" "$LAB/state" "$LAB"/sent/*.json
}

lab_open
customers alice=10.1.0.0/24 bob=10.2.0.0/24
for xdp in native off; do
	configure xdp=$xdp
	agent_start
	json '.earlier | .slots == 8 and .slot_seconds == 300 and .reach_seconds == 2400
		and .memory_bytes > 0' status ||
		fail "status does not say how far back: $(nfm -o json status | jq -c .earlier)"
	send --version 5 "${long[@]}"
	send --version 9 "${long[@]}" --layout ros7,reduced,varlen
	send --version 10 "${long[@]}" --layout ros6ipfix,wide,varlen
	[ "$xdp" = off ] || wait_for 20 known_to_kernel
	send_on $((SENT_RUNS - 1)) --version 9 "${long[@]}" --layout ros7,reduced
	check_counts
	[ "$xdp" = off ] || json '.datagrams.kernel > 0' status || fail "nothing in the kernel"
	json '.reasons["earlier-oldest"] == null' status || fail "flows of 30 minutes are too old"
	agent_stop
	check_snapshots
	check_slots
	[ "$xdp" = off ] || nfm detach c0 >/dev/null || fail "detach"
	begin_anew
done

# What is older than all slots goes to the oldest one, and is counted.
configure xdp=native
agent_start
send --version 5 --datagrams 1 --bytes 7200000 --duration 7200000 --age 0
check_counts
json '.reasons["earlier-oldest"] > 0' status || fail "flows of two hours are not too old"
agent_stop
check_snapshots
# shellcheck disable=SC2046
"$NFMETER" -o json read $(snapshots) | jq -s -f "$LIB/slots.jq" >"$LAB/slots.json"
jq -e 'all(.[]; ([.slots[]] | add) == .bytes
	and ([.slots[]] | max) > 4500000 * .flows)' "$LAB/slots.json" >/dev/null ||
	fail "the oldest slot has not what is older: $(jq -c . "$LAB/slots.json")"
nfm detach c0 >/dev/null || fail "detach"
begin_anew

# Without memory for it every byte stands where it was reported.
configure earlier-memory=0
agent_start
json '.earlier | .slots == 0 and .memory_bytes == 0' status || fail "there are slots"
send --version 5 "${long[@]}"
check_counts
agent_stop
check_snapshots
# shellcheck disable=SC2046
[ "$("$NFMETER" -o json read $(snapshots) | jq -s '[.. | .earlier? // empty] | length')" = 0 ] ||
	fail "earlier bytes without slots"
