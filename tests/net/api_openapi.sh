#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/openapi.json is what the server gives away, is OpenAPI, and says what is answered: every
# path, each parameter with several values, types, nulls, no key more and none less; what it does
# not offer is refused.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
MAKE_DAYS=$BUILD/tests/bench/bench_history
lab_open
api_lab
# a rollup: two days of the past
mkdir "$LAB/state"
"$MAKE_DAYS" -m -d "$LAB/state" -c 3 -n 2 -i 1800 \
	-f "$(date -d "$(date -d '3 days ago' +%Y%m%d)" +%s)" >/dev/null || fail "no old snapshots"
api_start
api_traffic
wait_received "$(sent_files | jq .sent)"
wait_for 10 json 'any(.[]; .state == "refused")' exporters
nfm config set collector.pages 2048 >/dev/null || fail "config set" # awaits a start
before=$(snapshots | wc -l)
wait_for 10 snapshots_at_least $((before + 2))
wait_for 20 test -s "$LAB/state/rollup/days.$(date -d '2 days ago' +%Y%m%d)"

answers 200 /api/v1/openapi.json
is_same_file "$LAB/answer" "$ROOT/docs/openapi.json" || fail "another document is given away"

files=$(find "$LAB/state" -maxdepth 1 -name 'nfmeter.[0-9]*' -newer "$LAB/customers.csv" \
	-printf '%s %f\n' | sort -rn | head -n 3 | jq -R 'split(" ")[1]' | jq -sc .) # traffic
# everything is asked for that came, and some of what did not
values=$(jq -nc --argjson files "$files" '{
	q: ["ALI", "10.0.1.", "10.0.1.7", "2001:db8:b", "%", "nobody at all"],
	offset: [0, 1, 1000], limit: [1, 2, 1000],
	"show id": ["alice", "Name of bob", "10.0.2.200", "10.5.0.7"],
	"history id": ["alice", "10.5.0.7"], "sparklines id": ["alice", "nobody"],
	from: ["-1h", "-7d", "today"], to: ["now", "-1s"],
	month: [(now | strftime("%Y-%m"))], day: ["today", "yesterday"],
	percentile: [1, 50, 100], step: ["1m", "1h", "1d", "1mo"],
	file: $files, exporter: ["192.0.2.1", "router"]}')
# gaps are of socket mode: json.sh has them
in_collector "$PYTHON" "$LIB/openapi.py" "$ROOT/docs/openapi.json" "$API" "$values" \
	Read.gaps[] Read.gaps[].{from,to} >"$LAB/found" ||
	fail "$(cat "$LAB/found")"

for path in /api /api/ /api/v1 /api/v1/ /api/v2/status /api/v1/exporters/ /nothing /../etc/passwd \
	/api/v1/status/ /metrics/ //; do
	answers 404 "$path" --path-as-is
	jq -e 'keys == ["error"]' "$LAB/answer" >/dev/null || fail "$path: $(cat "$LAB/answer")"
done
head_of /api/v1/exporters/x | grep -qx 'Allow: PUT, DELETE' || fail "405 without the methods"
