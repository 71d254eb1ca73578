#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An agent that stands still: the server goes on showing what the kernel counts, and waits for the
# agent once, not with every question; then all is as before, without a new server.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24
api_start
server=$SERVER
at_once() { # PATH
	local took

	took=$(api "$1" -o "$LAB/answer" -w '%{time_total}')
	[ "${took%%.*}" -lt 2 ] || fail "$1 took $took s"
}
kill -STOP "$AGENT"
for path in status 'status?format=csv'; do # as many as there are workers
	api "/api/v1/$path" >"$LAB/waiting" &
done
at_once / # no worker is needed
wait $!
send --datagrams 100
counted() {
	api /api/v1/show | jq -e '.total.flows == 3000' >/dev/null
}
wait_for 3 counted
wait_for 3 api /api/v1/show?sort=up -o /dev/null
says_so() {
	at_once /api/v1/status
	jq -e '.agent.running == false and .interfaces == [] and .datagrams.kernel == 100' \
		"$LAB/answer" >/dev/null
}
wait_for 3 says_so # the answer before may be used for a second
at_once /metrics
timeout 3 "${IN_COLLECTOR[@]}" curl -sN "$API/api/v1/events" >"$LAB/events"
grep -q '^data: {' "$LAB/events" || fail "no events"
kill -CONT "$AGENT"
runs() {
	api /api/v1/status | jq -e .agent.running >/dev/null
}
wait_for 10 runs
api_is_up && [ "$SERVER" = "$server" ] || fail "another server"
check_counts
! logged '^nfmeter: ' || fail "the server complains of what it cannot ask"
