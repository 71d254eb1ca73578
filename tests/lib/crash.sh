# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Agents that die, under traffic that goes on. For scenarios that have sourced lab.sh and called
# lab_open.
#
#   crash_lab [KEY=VALUE…]   customers, an auto range, and a hook that notes what it is handed
#   traffic_start            steady, until traffic_stop: what the kernel counts (v5) and what is the
#                            agent's to count (v9 of variable length; hosts that are new)
#   agent_dies POINT         launches an agent that ends itself there (tests/lib/fault.c)
#   check_exact [PERCENT]    ends the agent, after at least so much (30) was counted in the kernel:
#                            whatever was sent stands in the files, once

FAULTY=$BUILD/nfmeter-fault
ALL_HOSTS=1500 # of the auto range: so many that some are always new
SENDERS=()

crash_lab() { # KEY=VALUE…
	local host listed=(alice=10.0.0.0/24 "bob=10.0.1.0/24 10.9.0.0/16" carol=2001:db8:1::/48)

	[ -x "$FAULTY" ] || fail "$FAULTY is not built"
	customers "${listed[@]}"
	LISTED=$CUSTOMERS HOSTS=''
	for ((host = 0; host < ALL_HOSTS; host++)); do
		HOSTS+=,10.5.$((host / 250)).$((host % 250 + 1))
		HOSTS+==${HOSTS##*,}/32
	done
	HOSTS=${HOSTS#,}
	printf '#!/bin/sh\necho "$1" >>"%s"\n' "$LAB/handed" >"$LAB/hook"
	chmod +x "$LAB/hook"
	# few earlier slots: to map them is most of a start
	configure capacity=2048 customers.auto=10.5.0.0/16 interval=1 earlier-memory=16M \
		"hook=$LAB/hook %f" "$@"
}

# Each sender is a stream of its own, and says at its end what it has sent.
sender_start() { # CUSTOMERS OPTION…
	SENT_RUNS=$((SENT_RUNS + 1))
	"${IN_ROUTER[@]}" "$NFSEND" gen --to "$COLLECTOR" --customers "$1" --seed "$SENT_RUNS" \
		--engine "$SENT_RUNS" --datagrams 10000000 "${@:2}" >"$LAB/sent/$SENT_RUNS.json" &
	SENDERS+=($!)
}

# Flows older than any interval is long: each byte goes to two rows, also in the journal.
traffic_start() {
	local old=(--age 240000 --duration 1000)

	sender_start "$LISTED" --records 10 --rate 500 "${old[@]}"
	sender_start "$LISTED" --version 9 --layout varlen --records 10 --rate 120 "${old[@]}"
	sender_start "$HOSTS" --records 1 --rate 40 "${old[@]}"
}

traffic_stop() {
	local pid

	kill -TERM "${SENDERS[@]}"
	for pid in "${SENDERS[@]}"; do
		wait "$pid" || fail "nfsend in the background"
	done
	SENDERS=()
}

# The names of a rotation's steps, in their order.
rotation_steps() {
	sed -nE 's/^\tX\([A-Z_]+, "([a-z-]+)"\).*/\1/p' "$ROOT/user/snapshot/step.h" | grep . ||
		fail "no steps in step.h"
}

agent_is_gone() {
	! kill -0 "$AGENT" 2>/dev/null
}

# Ended by SIGKILL, and by nobody else's.
agent_was_killed() { # POINT
	local status

	wait "$AGENT" 2>/dev/null
	status=$?
	[ "$status" = 137 ] || fail "the agent did not die at $1 but ended with $status"
	tail -n 3 "$LAB/agent.log" | grep -q "fault: ${1%%[:+]*}" ||
		fail "the agent died, but not at $1"
	AGENT=''
}

# Nothing may wait in the punt ring for so long that it is full, which would be loss.
little_waits() {
	json '.agent.running and .undecided < 100' status
}

agent_launch_faulty() { # POINT[:TIMES][+INSTRUCTIONS]
	NFMETER=$FAULTY NFM_FAULT=$1 agent_launch
}

agent_dies() { # POINT[:TIMES][+INSTRUCTIONS]
	agent_launch_faulty "$1"
	wait_for 20 agent_is_gone
	agent_was_killed "$1"
}

# ---- what must be true at the end ----

# One file for each epoch, none left out, and no time between two.
check_epochs() {
	jq -se 'map(if type == "array" then .[0] else . end) | sort_by(.epoch)
		| [range(1; length) as $i
			| .[$i].from == .[$i - 1].to and .[$i].epoch == .[$i - 1].epoch + 1]
		| all' "$LAB"/read/* >/dev/null ||
		fail "intervals do not join: $(jq -sc 'map(if type == "array" then .[0] else . end)
			| sort_by(.epoch) | .[] | [.from, .to, .epoch, .file]' "$LAB"/read/*)"
	# a killed agent may have left one of these: the next one to write takes it
	found=$(find "$LAB" \( -name '.*' -o -name '~*' \) -type f ! -name '~templates.new')
	[ -z "$found" ] || fail "temporary files are left: $found"
}

# Handed over in order, none left out; twice only where an agent died in between.
check_handed() { # MOST-REPEATS
	local repeats

	uniq "$LAB/handed" | diff - <(by_epoch) >"$LAB/handed.diff" ||
		fail "handed over not in order, or not all: $(cat "$LAB/handed.diff")"
	repeats=$(($(wc -l <"$LAB/handed") - $(uniq "$LAB/handed" | wc -l)))
	((repeats <= $1)) || fail "$repeats snapshots were handed over again, at most $1 may be"
}

by_epoch() {
	jq -sr 'map(if type == "array" then .[0] else . end) | sort_by(.epoch) | .[].file' \
		"$LAB"/read/*
}

# Of flows that all ended before their interval's slot: every byte is an earlier slot's, once.
check_all_earlier() {
	local found

	found=$(jq -r 'if type == "array" then .[0] else . end | .file as $file | .customers[]
		| select(.up.bytes != ([.earlier[]?.up_bytes] | add // 0)
			or .down.bytes != ([.earlier[]?.down_bytes] | add // 0))
		| "\($file): \(tojson)"' "$LAB"/read/*)
	[ -z "$found" ] || fail "not all in earlier slots: ${found:0:2000}"
}

check_exact() { # [PERCENT-IN-KERNEL]
	check_counts
	json ".datagrams | .kernel * 100 >= .received * ${1:-30} and
		.agent * 10 > .received" status ||
		fail "who counted: $(nfm -o json status | jq -c .datagrams)"
	json '[.[].lost] | add == 0' exporters || fail "loss where there was none"
	json '.waiting.sets == 0' status || fail "sets wait"
	agent_stop
	logged 'please report this' && fail "the agent found its own counts wrong"
	check_snapshots
	check_epochs
}
