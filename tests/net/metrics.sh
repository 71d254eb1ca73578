#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Metrics are what status, show, exporters and templates say, in the forms of both formats; counters
# never go back, over a restart of the agent either.
. "$(dirname "$0")/../lib/lab.sh"

openmetrics() {
	python3 "$LIB/openmetrics.py" "$@"
}

scrape() { # FILE [OPTION…]
	nfm metrics --customer alice --customer bob --customer nobody "${@:2}" >"$LAB/$1" ||
		fail "metrics"
}

# Traffic has ended, but states and ages go on: what was read between two equal readings is theirs.
agree() { # FILE
	local command

	for command in status show exporters templates; do
		nfm -o json "$command" >"$LAB/$command.json" || fail "$command"
	done
	scrape "$1"
	openmetrics check "$LAB/$1" || fail "$1 is no OpenMetrics"
	openmetrics equal "$LAB/$1" "$LAB"/{status,show,exporters,templates}.json \
		2>"$LAB/differs" || return
}

agree_soon() { # FILE: lines of the sequence log may come between the readings, states become stale
	local deadline=$((SECONDS + 30))

	until agree "$1"; do
		((SECONDS < deadline)) || fail "$1: $(cat "$LAB/differs")"
		sleep "$POLL"
	done
}

value() { # FILE NAME [LABEL=VALUE…]
	openmetrics value "$LAB/$1" "${@:2}" || fail "no $*"
}

send_all() {
	send --datagrams 200
	send --datagrams 50 --version 9 --layout ros7
	send --datagrams 50 --version 10 --lose 10
	send --datagrams 20 --duration 9000 --age 0
	send --datagrams 5 --bad truncated
	send --datagrams 5 --bad version
	send --datagrams 5 --from 192.0.2.9
}

openmetrics self-test || fail "the check itself"
lab_open
ip -n "$NS_ROUTER" address add 192.0.2.9/24 dev r0
EXPORTERS='[exporter edge "1" \ é]
address = '"$ROUTER $ROUTER6"'
[exporter silent]
address = 192.0.2.77'
configure interval=2 expire.lifetime=31d
customers alice=10.0.0.0/24 bob=10.0.1.0/24
agent_start
agree_soon 0
openmetrics names "$LAB/0" >"$LAB/names"
send_all
wait_for 20 json '.datagrams | .received >= 300 and
	.received == .kernel + .agent + .rejected' status
wait_for 20 json 'any(.[]; .state == "refused")' exporters
agree_soon 1
[ "$(value 1 nfmeter_rejected_datagrams_total reason=truncated)" = 5 ] || fail "truncated"
[ "$(value 1 nfmeter_rejected_datagrams_total reason=refused)" = 5 ] || fail "refused"
[ "$(value 1 nfmeter_refused_source_datagrams address=192.0.2.9)" = 5 ] || fail "who was refused"
[ "$(value 1 nfmeter_exporter_state exporter=silent state=never)" = 1 ] || fail "never"
[ "$(value 1 nfmeter_exporter_state 'exporter=edge "1" \ é' "address=$ROUTER" state=never)" = 0 ] ||
	fail "a name with quotes"
[ "$(value 1 nfmeter_interface_attached interface=c0 mode=native)" = 1 ] || fail "attached"
[ "$(value 1 nfmeter_version_datagrams_total version=10)" -ge 40 ] || fail "IPFIX"
# nobody is not known, and has no series
openmetrics value "$LAB/1" nfmeter_customer_bytes_total customer=nobody 2>/dev/null &&
	fail "series of an unknown customer"
openmetrics forward "$LAB/0" "$LAB/1" || fail "counters went back"

# the other format: promtool knows no OpenMetrics ("unknown metric type info")
same_samples() { # a snapshot brings further ones
	scrape 1 && scrape text --prometheus
	openmetrics same "$LAB/1" "$LAB/text" 2>"$LAB/differs"
}
wait_for 30 same_samples
promtool check metrics <"$LAB/text" >"$LAB/lint" 2>&1 || fail "promtool: $(cat "$LAB/lint")"
[ ! -s "$LAB/lint" ] || fail "promtool warns: $(cat "$LAB/lint")"

# under traffic, with snapshots
send_start --datagrams 6000 --rate 3000
for i in 2 3 4 5 6; do
	scrape "$i"
	openmetrics check "$LAB/$i" || fail "$i is no OpenMetrics"
	openmetrics forward "$LAB/$((i - 1))" "$LAB/$i" || fail "counters went back"
done
send_wait
snapshot_seen() {
	scrape 7 && [ "$(value 7 nfmeter_snapshots_total)" -ge 2 ]
}
wait_for 20 snapshot_seen
agree_soon 7
newest=$(jq -r .snapshot.last "$LAB/status.json")
size() { # snapshots come every two seconds: of the same one
	scrape 7
	newest=$(nfm -o json status | jq -r .snapshot.last)
	[ "$(value 7 nfmeter_snapshot_size_bytes)" = "$(stat -c %s "$newest")" ]
}
wait_for 30 size
[ "$(value 7 nfmeter_snapshot_failures_total)" = 0 ] || fail "a rotation failed"
[ "$(value 7 nfmeter_expire_runs_total)" -ge 2 ] || fail "expiry did not run"
kept() {
	scrape 7 && [ "$(value 7 nfmeter_kept_files)" = "$(snapshots | wc -l)" ]
}
wait_for 30 kept
jq -en "$(value 7 nfmeter_snapshot_lag_seconds) < 30 and
	$(value 7 nfmeter_snapshot_duration_seconds) < 30 and
	$(date +%s) - $(value 7 nfmeter_snapshot_until_timestamp_seconds) < 60 and
	$(value 7 nfmeter_agent_resident_memory_bytes) > 100000 and
	$(value 7 nfmeter_agent_cpu_seconds_total) > 0 and
	$(value 7 nfmeter_disk_size_bytes) > $(value 7 nfmeter_disk_free_bytes)" >/dev/null ||
	fail "$(grep -E 'lag|duration|until|agent_|disk' "$LAB/7")"

# without an agent: what the table has; with the next one it goes on from there
agent_stop
agree_soon 8
grep -E '^nfmeter_(ring|socket|snapshots|agent_cpu|interface|disk)' "$LAB/8" &&
	fail "who says that without an agent?"
agent_start
agree_soon 9
openmetrics forward "$LAB/7" "$LAB/9" || fail "a restart has counters go back"
openmetrics forward "$LAB/8" "$LAB/9" || fail "a restart has counters go back"
agent_stop KILL
agent_start
send --datagrams 10
scrape 10
openmetrics forward "$LAB/9" "$LAB/10" || fail "a kill has counters go back"

# what cannot be written is said
nfm metrics >/dev/full 2>"$LAB/error" && fail "a full disk is no error"
grep -q 'cannot write the metrics' "$LAB/error" || fail "not said: $(cat "$LAB/error")"
nfm metrics extra >/dev/null 2>&1
[ $? = 2 ] || fail "wrong usage is not 2"
agent_stop
