#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# /metrics is what `nfmeter metrics` prints, with the server's own numbers, in the format that the
# scraper asks for.
. "$(dirname "$0")/../lib/lab.sh"
. "$ROOT/tests/lib/api.sh"

own() { # FILE: the server's own; and what changes by itself between two scrapes
	grep -v -E 'nfmeter_(http|agent_cpu|agent_resident|process|exporter_(last|state))' "$1" |
		grep -v -E '(_seconds|_age_seconds|_run_time_seconds_total)(\{| )' |
		sed -E 's/^(# .*|[a-z_]+(\{[^}]*\})?).*/\1/' | sort
}

value() { # FILE NAME [LABEL=VALUE…]
	python3 "$LIB/openmetrics.py" value "$LAB/$1" "${@:2}"
}

lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=2 http.metrics-customers="alice nobody"
api_start
send --datagrams 50
check_counts

api /metrics >"$LAB/web" || fail "/metrics"
nfm metrics >"$LAB/cli" || fail "metrics"
python3 "$LIB/openmetrics.py" check "$LAB/web" || fail "/metrics is no OpenMetrics"
own "$LAB/web" >"$LAB/web.own"
own "$LAB/cli" >"$LAB/cli.own"
diff "$LAB/cli.own" "$LAB/web.own" >&2 || fail "other families or series than the command's"
[ "$(value web nfmeter_customer_bytes_total customer=alice direction=up)" = \
	"$(nfm -o json show alice | jq '.customers[0].up.bytes')" ] || fail "alice's bytes"
grep -q 'customer="bob"' "$LAB/web" && fail "bob, whom nobody named"

# answers are counted, once each; kept ones (a second long) as well as made ones
before=$(value web nfmeter_http_requests_total status=2xx)
for ((i = 0; i < 20; i++)); do
	answers 200 /api/v1/status
done
for ((i = 0; i < 3; i++)); do
	answers 404 /api/v1/nothing
done
newer() { # the answer to a scrape is counted when it is sent: the next one has it
	api /metrics >"$LAB/later" || fail "/metrics"
	[ "$(value later nfmeter_http_requests_total status=4xx)" = 3 ]
}
wait_for 10 newer
after=$(value later nfmeter_http_requests_total status=2xx)
((after >= before + 21)) || fail "$after answers after $before"
(($(value later nfmeter_http_sent_bytes_total) > 20 * 500)) || fail "too few bytes"

# the format
head_of /metrics | grep -q '^Content-Type: application/openmetrics-text; version=1.0.0' ||
	fail "not announced as OpenMetrics"
head_of /metrics -H 'Accept: text/plain' | grep -q '^Content-Type: text/plain; version=0.0.4' ||
	fail "not the older format, which was asked for"
api /metrics -H 'Accept: text/plain' | promtool check metrics || fail "promtool refuses it"
