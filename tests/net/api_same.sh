#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The API says what the command line says, in JSON and CSV, to the byte where nothing moves; `show`
# conserves.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
api_lab interval=1
api_start
api_traffic
wait_received "$(sent_files | jq .sent)"
before=$(snapshots | wc -l)
wait_for 10 snapshots_at_least $((before + 2))

# Differs from the CLI in JQ, which takes away what may differ; CSV is the same.
same() { # PATH JQ COMMAND…
	answers 200 "$1"
	jq -S "$2" "$LAB/answer" >"$LAB/api.json"
	nfm -o json "${@:3}" 2>/dev/null | jq -S "$2" >"$LAB/cli.json"
	[ -s "$LAB/cli.json" ] || fail "${*:3}: nothing"
	diff "$LAB/cli.json" "$LAB/api.json" >"$LAB/diff" || fail "$1: $(head -c 2000 "$LAB/diff")"
}

same_csv() { # PATH COMMAND…
	answers 200 "$1$([[ $1 == *\?* ]] && echo '&' || echo '?')format=csv"
	nfm -o csv "${@:2}" >"$LAB/cli.csv" 2>/dev/null
	[ "$(wc -l <"$LAB/cli.csv")" -ge 2 ] || fail "${*:2}: no rows"
	diff "$LAB/cli.csv" "$LAB/answer" >"$LAB/diff" || fail "$1: $(head -c 2000 "$LAB/diff")"
}

same /api/v1/config . config
same_csv /api/v1/config config
same /api/v1/status 'del(.snapshot, .disk, .undecided)' status
# from here on nothing moves but the clock, which says itself in few keys
agent_stop
api_start_alone
plain='del(.as_of) | .customers[]? |= del(.up_bps, .down_bps)'
same /api/v1/show "$plain" show
same '/api/v1/show?id=alice&id=10.0.1.9' "$plain" show alice 10.0.1.9
same_csv /api/v1/show show
same /api/v1/exporters . exporters
same_csv /api/v1/exporters exporters
same /api/v1/templates 'map(del(.age_seconds))' templates
same '/api/v1/templates?exporter=router' 'map(del(.age_seconds))' templates router
for file in $(snapshots); do
	same "/api/v1/read?file=$(basename "$file")" . read "$file"
done
file=$(ls -S $(snapshots) | head -n 1) # that with traffic
same_csv "/api/v1/read?file=$(basename "$file")" read "$file"
# of a range that is over, so that it does not end with the clock
range=(--from "$(date -u -d '3 hours ago' +%FT%TZ)" --to "$(date -u -d '1 second' +%FT%TZ)")
wait_for 5 test "$(date +%s)" -lt "$(($(date -d "${range[3]}" +%s) + 1))"
query="from=${range[1]}&to=${range[3]}"
settled='del(.coverage, .points[-1:], .average, .customers[]?.average)'
same "/api/v1/history?id=alice&$query" "$settled" history alice "${range[@]}"
same "/api/v1/history?id=alice&step=1h&percentile=50&$query" "$settled" history alice \
	"${range[@]}" --step 1h --percentile 50
same "/api/v1/history?kind=unmatched&$query" "$settled" history --unmatched "${range[@]}"
same "/api/v1/history?kind=local&$query" "$settled" history --local "${range[@]}"
same "/api/v1/report?$query" "$settled" report "${range[@]}"
same "/api/v1/report?sort=down&limit=2&$query" "$settled" report "${range[@]}" --sort down --top 2
same "/api/v1/report?month=2025-01" . report --month 2025-01

# what was sent, and its sum
rm "$LAB/sent/4.json" "$LAB/sent/5.json" # rejected, and refused
answers 200 /api/v1/show
found=$(differences <(sent_files) "$LAB/answer") || fail "compare"
[ -z "$found" ] || fail "show differs from what was sent: $found"
found=$(jq -r -f "$LIB/conserves.jq" "$LAB/answer")
[ -z "$found" ] || fail "show: $found"

# a damaged file is said, not answered in part
file=$LAB/state/nfmeter.202001010000
cp "$(snapshots | tail -n 1)" "$file"
printf 'x' | dd of="$file" bs=1 seek=200 conv=notrunc status=none
status=$(status "/api/v1/read?file=$(basename "$file")")
[ "$status" -ge 400 ] || fail "a damaged file: $status"
for name in nfmeter.199901010000 ../state/nfmeter.199901010000 /etc/passwd '' x; do
	[[ $(status "/api/v1/read?file=$name") =~ ^40[04]$ ]] || fail "read '$name'"
done
api_stop
