#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A template that is announced again, unchanged, takes nothing away from the kernel, however often
# that is.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
by_agent() {
	nfm -o json status | jq .datagrams.agent
}
for options in "--version 9 --layout ros7" "--version 10 --layout ros6ipfix" \
	"--version 9 --template-in-data yes"; do
	# shellcheck disable=SC2086 # several words
	send $options --datagrams 1
	stream=$SENT_RUNS
	wait_for 20 in_kernel
	before=$(by_agent)
	# shellcheck disable=SC2086
	send_on "$stream" $options --datagrams 500 --template-every 2
	check_counts
	[ "$(by_agent)" = "$before" ] ||
		fail "$options: the agent got $(($(by_agent) - before)): $(nfm -o json status |
			jq -c .reasons)"
done
json 'all(.[]; .age_seconds < 60)' templates || fail "announced, but old: $(nfm templates)"
