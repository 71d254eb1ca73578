#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A real Prometheus takes our metrics, with their types, and evaluates our rules and the dashboard's
# queries; all that these and the document name is there.
. "$(dirname "$0")/../lib/lab.sh"
DOC=$ROOT/docs/metrics.md
RULES=$ROOT/docs/prometheus/rules.yml
RULES_TEST=$ROOT/docs/prometheus/rules_test.yml
DASHBOARD=$ROOT/docs/grafana/nfmeter.json
SERVER=http://127.0.0.1:9090
command -v prometheus promtool curl >/dev/null || skip "needs prometheus and curl"

# Names in a text that are metrics of ours.
named() { # FILE
	grep -oE '\bnfmeter_[a-z_]+' "$1" | sort -u
}

api() { # PATH [FIELD=VALUE…]
	local fields=() field

	for field in "${@:2}"; do
		fields+=(--data-urlencode "$field")
	done
	in_collector curl -s --max-time 20 -G "$SERVER/api/v1/$1" "${fields[@]}"
}

newest() { # SELECTOR: the number of its one series, also where a busy machine missed a scrape
	api query "query=last_over_time($1[5m])" |
		jq -r '.data.result | if length == 1 then .[0].value[1] else empty end'
}

# ---- what is written down ----

said=$(promtool check rules "$RULES" 2>&1) || fail "$said"
said=$(promtool test rules "$RULES_TEST" 2>&1) || fail "$said"
for alert in $(sed -n 's/^ *- alert: //p' "$RULES"); do
	for state in fires 'is quiet'; do
		grep -q "name: $alert $state" "$RULES_TEST" ||
			fail "$alert: no test that it $state"
	done
done
# each has what is wrong and what to do
python3 - "$RULES" <<-'END' || fail "an alert without its texts"
	import re, sys
	for rule in re.split(r"\n *- alert: ", open(sys.argv[1], encoding="utf-8").read())[1:]:
	    for key in ("expr", "severity", "summary", "description"):
	        if not re.search(rf"\b{key}: *\S", rule):
	            sys.exit(f"{rule.split()[0]}: no {key}")
END
jq -e '.panels | length > 20 and all(.[]; .type == "row" or (.targets | length > 0))' \
	"$DASHBOARD" >/dev/null || fail "the dashboard"
jq -e '[.panels[].id] | length == (unique | length)' "$DASHBOARD" >/dev/null || fail "panels' ids"

lab_open
ip -n "$NS_ROUTER" address add 192.0.2.9/24 dev r0
configure interval=2 expire.lifetime=31d nfdump=yes
customers alice=10.0.0.0/24 bob=10.0.1.0/24
agent_start
send --datagrams 100
send --datagrams 100 --version 9 --layout ros7
send --datagrams 5 --from 192.0.2.9
wait_for 20 json '.datagrams | .received > 205 and .received == .kernel + .agent + .rejected' status
wait_for 20 snapshots_at_least 2
scrape() {
	nfm metrics --customer alice "$@"
}
scrape >"$LAB/metrics" || fail "metrics"
python3 "$LIB/openmetrics.py" names "$LAB/metrics" | sort -u >"$LAB/real"
sed -n 's/^| `\(nfmeter_[a-z_]*\)`.*/\1/p' "$DOC" | sort -u >"$LAB/documented"
comm -13 "$LAB/documented" "$LAB/real" >"$LAB/unknown"
[ ! -s "$LAB/unknown" ] || fail "not in docs/metrics.md: $(cat "$LAB/unknown")"
# the HTTP server's, and those that the kernel does not always keep, are tested elsewhere
comm -23 "$LAB/documented" "$LAB/real" | grep -vE '^nfmeter_(http|xdp)_' &&
	fail "in docs/metrics.md, but never there"
for file in "$RULES" "$RULES_TEST" "$DASHBOARD"; do
	named "$file" | comm -13 "$LAB/documented" - >"$LAB/unknown"
	[ ! -s "$LAB/unknown" ] || fail "$file names what there is not: $(cat "$LAB/unknown")"
done

# ---- Prometheus ----

# Grafana fills in its variables
jq -r '.panels[] | .targets[]? | .expr' "$DASHBOARD" |
	sed 's/\$__rate_interval/1m/g; s/\$instance/.*/g; s/\$exporter/.*/g' >"$LAB/queries"
cat >"$LAB/prometheus.yml" <<-END
	global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
	rule_files: ["$RULES"]
	scrape_configs:
	  - job_name: nfmeter
	    static_configs: [{targets: ["127.0.0.1:9996"]}]
END
"${IN_COLLECTOR[@]}" python3 "$LIB/metrics_server.py" 9996 "$NFMETER" -c "$CONF" metrics \
	--customer alice >"$LAB/server.log" 2>&1 &
wait_for 10 grep -q ready "$LAB/server.log"
mkdir "$LAB/tsdb"
"${IN_COLLECTOR[@]}" prometheus --config.file="$LAB/prometheus.yml" \
	--storage.tsdb.path="$LAB/tsdb" --web.listen-address=127.0.0.1:9090 \
	>"$LAB/prometheus.log" 2>&1 &
scraped() {
	[ "$(newest 'nfmeter_agent_up')" = 1 ] && return
	api targets | jq -c '.data.activeTargets[0].lastError' >"$LAB/why" 2>/dev/null
	((SECONDS < scrape_deadline)) ||
		fail "not taken: $(cat "$LAB/why") $(tail -n 5 "$LAB/prometheus.log")"
	return 1
}
scrape_deadline=$((SECONDS + 60))
wait_for 70 scraped
api label/__name__/values | jq -r '.data[]' | sort -u | comm -23 "$LAB/real" - >"$LAB/unknown"
[ ! -s "$LAB/unknown" ] || fail "Prometheus has no $(cat "$LAB/unknown")"
[ "$(newest 'nfmeter_received_datagrams_total')" = \
	"$(nfm -o json status | jq .datagrams.received)" ] || fail "another number"
[ "$(newest 'nfmeter_rejected_datagrams_total{reason="refused"}')" = 5 ] || fail "refused"
api metadata >"$LAB/metadata"
jq -e '.data | .nfmeter_received_datagrams[0].type == "counter" and
	.nfmeter_flow_bytes[0].unit == "bytes" and .nfmeter_build[0].type == "info" and
	.nfmeter_waiting_sets[0] == {type: "gauge", unit: "",
		help: "data sets that wait for their template"}' "$LAB/metadata" >/dev/null ||
	fail "types and units: $(jq -c '.data | .nfmeter_received_datagrams, .nfmeter_flow_bytes,
		.nfmeter_build, .nfmeter_waiting_sets' "$LAB/metadata")"

# every query is one, and every rule comes to a result
while read -r line; do
	api query "query=$line" | jq -e '.status == "success"' >/dev/null ||
		fail "the dashboard asks: $line"
done <"$LAB/queries"
rules_evaluated() {
	api rules >"$LAB/rules" && jq -e '[.data.groups[].rules[]] |
		length > 20 and all(.[]; .health != "unknown")' "$LAB/rules" >/dev/null
}
wait_for 60 rules_evaluated
jq -e '[.data.groups[].rules[]] | all(.[]; .health == "ok" and (.lastError // "") == "")' \
	"$LAB/rules" >/dev/null || fail "rules: $(jq -c '.data.groups[].rules[] |
		select(.health != "ok") | [.name, .lastError]' "$LAB/rules")"
grep -E 'level=(warn|error)' "$LAB/prometheus.log" | grep -E 'scrape|sample|Append|rule manager' \
	>"$LAB/warned"
[ ! -s "$LAB/warned" ] || fail "Prometheus warns: $(cat "$LAB/warned")"
agent_stop
