#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A thousand clients at once, while traffic comes: none of it is lost, all get an answer, or are
# told when to come again. Who is slow keeps nobody waiting, and is cut in the end; beyond the limit
# of connections nobody is served.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
for number in $(seq 1 200); do
	list+=("c$number=10.1.$number.0/24")
done
customers "${list[@]}"
configure interval=2
api_start http.connections=3000 # who leaves events is seen to have left within a second
crowd() { # FILE CLIENTS ROUNDS PATH…
	in_collector "$PYTHON" "$LIB/crowd.py" 127.0.0.1 9996 "${@:2}" >"$1" 2>"$LAB/error" ||
		fail "$(cat "$LAB/error"): $(cat "$1")"
}

send_start --datagrams 20000 --rate 5000
crowd "$LAB/crowd" 1000 1 /api/v1/show /api/v1/status /api/v1/events /metrics '/api/v1/show?q=c1' /
send_wait
check_counts
jq -e '.refused == null and ."200" + (."503" // 0) == 6000 and ."200" > 3000' "$LAB/crowd" \
	>/dev/null || fail "answers: $(cat "$LAB/crowd")"
json '.http.restarts == 0 and .reasons == {}' status || fail "$(nfm -o json status)"
answers 200 /metrics
agent_stop

# ---- who is slow, and the limit: a server with a clock that can be set ----
export NFM_TEST_MONOTONIC=$LAB/monotonic
echo 0 >"$LAB/monotonic"
RUN_AS=(env "LD_PRELOAD=$BUILD/clock_shift.so")
api_start_alone http.connections=64
slow() { # FILE CLIENTS
	in_collector "$PYTHON" "$LIB/slow.py" 127.0.0.1 9996 \
		'/api/v1/history?id=c1&month=2025-01&step=1m' "$2" >"$1" &
	wait_for 10 grep -q ready "$1"
}
slow "$LAB/slow" 20
for sort in id up down total; do # each is made anew
	took=$(api "/api/v1/show?sort=$sort" -o /dev/null -w '%{time_total}')
	[ "${took%%.*}" = 0 ] || fail "an answer took $took s beside slow clients"
done
slow "$LAB/more" 12 # 64 in all
for _ in 1 2 3; do
	[ "$(status /api/v1/status)" = 000 ] || fail "more than 64 connections"
done
echo 1000 >"$LAB/monotonic" # s
no_connections() {
	[ -z "$(in_collector ss -Htn state established sport = :9996)" ]
}
wait_for 20 no_connections
wait_for 10 grep -qx 'cut 20' "$LAB/slow"
answers 200 /api/v1/status
api /metrics | grep -qE '^nfmeter_http_refused_connections_total [3-9]' ||
	fail "$(api /metrics | grep http_)"
api_stop
