#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Metrics of what is lost before us and of what it costs: drops of the UDP socket, the ring's fill,
# the XDP program's run time where the kernel keeps it.
. "$(dirname "$0")/../lib/lab.sh"
STATS=/proc/sys/kernel/bpf_stats_enabled

value() { # NAME [LABEL=VALUE…]
	nfm metrics >"$LAB/metrics" || fail "metrics"
	python3 "$LIB/openmetrics.py" check "$LAB/metrics" || fail "no OpenMetrics"
	python3 "$LIB/openmetrics.py" value "$LAB/metrics" "$@" 2>"$LAB/error"
}

is_stopped() {
	grep -q '^State:.*T' "/proc/$AGENT/status"
}

close_all() {
	local status=$?

	[ -z "${stats_before:-}" ] || echo "$stats_before" >"$STATS"
	(exit "$status")
	lab_close
}

lab_open
trap close_all EXIT
customers alice=10.0.0.0/24

# as nobody, whose socket has a small buffer
cp "$NFMETER" "$LAB/nfmeter-nobody"
root_nfmeter=$NFMETER
NFMETER=$LAB/nfmeter-nobody
mkdir "$LAB/state" "$LAB/run"
chown 65534:65534 "$LAB/state" "$LAB/run"
chmod 644 "$CONF" "$LAB/customers.csv"
RUN_AS=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all
	--inh-caps=-all)
configure xdp=off interfaces=
agent_start
[ "$(value nfmeter_socket_dropped_datagrams_total)" = 0 ] || fail "drops before anything was sent"
value nfmeter_ring_bytes >/dev/null && fail "a ring without XDP"
value nfmeter_xdp_runs_total >/dev/null && fail "a program without XDP"
buffer=$(value nfmeter_socket_buffer_bytes port=9995) || fail "no buffer: $(cat "$LAB/error")"
more=$((buffer / 1500 + 2000)) # than it takes: a datagram's memory is more than its 1464 bytes
kill -STOP "$AGENT"
wait_for 5 is_stopped
send --datagrams "$more" --rate 10000
kill -CONT "$AGENT"
wait_for 10 json '.datagrams | .received > 0 and .received == .kernel + .agent + .rejected' status
dropped=$(value nfmeter_socket_dropped_datagrams_total) || fail "no drops: $(cat "$LAB/error")"
[ "$dropped" -gt 100 ] || fail "the socket has dropped $dropped"
send --datagrams 1 # what the kernel tells of drops comes with the next datagram
told() {
	[ "$(value nfmeter_rejected_datagrams_total reason=socket-full)" = "$dropped" ]
}
wait_for 10 told
json ".datagrams | .received == $more + 1 and .agent == $more + 1 - $dropped" status ||
	fail "not all are there"
agent_stop
rm "$LAB"/sent/*

# with XDP; statistics of the kernel, as long as we have switched them on
NFMETER=$root_nfmeter RUN_AS=()
configure xdp=native interfaces=c0
agent_start
size=$(value nfmeter_ring_capacity_bytes) && [ "$size" -ge $((1 << 20)) ] ||
	fail "a ring of $size bytes"
kill -STOP "$AGENT"
wait_for 5 is_stopped
send --datagrams 200 --version 9 --layout varlen
kill -CONT "$AGENT"
wait_for 10 json '.datagrams | .received > 200 and .received == .agent' status
[ "$(value nfmeter_ring_bytes)" = 0 ] || fail "the ring is not empty"
[ "$(value nfmeter_punted_datagrams_total)" -ge 200 ] || fail "nothing came by the ring"

stats_before=$(cat "$STATS")
echo 0 >"$STATS"
value nfmeter_xdp_runs_total >/dev/null && [ "$stats_before" = 0 ] && fail "runs that nobody counts"
echo 1 >"$STATS"
send --datagrams 500
program=$(xdp_id)
runs=$(value nfmeter_xdp_runs_total "program=$program") || fail "no runs: $(cat "$LAB/error")"
[ "$runs" -ge 500 ] || fail "$runs runs of program $program"
ns=$(value nfmeter_xdp_run_time_seconds_total "program=$program" | jq '. * 1e9 | floor')
[ "$ns" -gt $((runs * 10)) ] && [ "$ns" -lt $((runs * 1000000)) ] || fail "$ns ns in $runs runs"
agent_stop
agent_start
[ "$(value nfmeter_xdp_runs_total "program=$program")" -ge "$runs" ] || fail "runs went back"
agent_stop
