#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/json.md names what commands print in JSON and CSV: each key, its type, whether it may be null
# or absent, and no key that never comes.
. "$(dirname "$0")/../lib/lab.sh"
DOC=$ROOT/docs/json.md

section() { # SECTION: its lines
	awk -v title="## $1" '/^## / { is = $0 == title; next } is' "$DOC"
}

rows() { # of tables, from stdin
	awk -F ' *\\| *' '/^\| `/ { gsub(/`/, "", $2); print $2 "\t" $3 "\t" $5 }' |
		jq -R 'split("\t") | {path: .[0], type: .[1], absent: .[2]}' | jq -s .
}

compare() { # COMPLETE FILE: of documents; rows from stdin
	jq -r --argjson complete "$1" --slurpfile real "$2" -f "$LIB/json_doc.jq"
}

take() { # SECTION COMMAND…: keeps the document
	nfm -o json "${@:2}" >>"$LAB/json/$1" 2>"$LAB/error" || [ "$1" = doctor ] ||
		fail "${*:2}: $(cat "$LAB/error")"
}

take_csv() { # SECTION COMMAND…: keeps the header
	nfm -o csv "${@:2}" 2>/dev/null | head -n 1 |
		sed -E 's/(reasons_[a-z0-9-]+,)+/reasons_NAME,/' >>"$LAB/csv/$1"
}

take_both() {
	take "$@"
	take_csv "$@"
}

take_tables() {
	take_both status status
	take_both show show
	take_both top top -n 1
	take_both exporters exporters
	take_both templates templates
	take_both 'customers list' customers list
	take_both 'customers check' customers check
	take_both doctor doctor
	take_both version version
}

take_config() {
	take_both config config
	take 'config set, reset' config set collector.interval 2
	take 'config set, reset' config set collector.capacity 2048
	take_both config config
	take status status
	take_csv 'config set, reset' config reset collector.capacity
}

take_tokens() {
	take 'token add' token add admin office
	take 'token add' token add customer:alice of-alice
	take_csv 'token add' token add read reader
	take_both 'token list' token list
	take 'token remove' token remove office
	take_csv 'token remove' token remove reader
}

take_files() {
	local file

	for file in $(snapshots); do
		take 'read, export' read "$file"
	done
	take_csv 'read, export' read "$file"
	take_both history history alice --from -1h
	take history history alice --from -1h --step 1mo
	take history history --local --from -1h --step 1d
	take_both report report --from -1h
	take_both expire expire -n -s 1
	take_both rollup rollup
}

send_all() {
	send --datagrams 20
	send --datagrams 20 --version 9 --layout ros7
	send --datagrams 20 --duration 9000 --age 0
	send --datagrams 5 --bad truncated
	send --datagrams 5 --from 192.0.2.9
}

seen() { # DATAGRAMS: all that send_all sent, and who was refused
	json ".datagrams.received == $1 and .reasons.refused == 5" status &&
		json 'any(.[]; .state == "refused")' exporters
}

lab_open
mkdir "$LAB/json" "$LAB/csv"
ip -n "$NS_ROUTER" address add 192.0.2.9/24 dev r0
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=2
agent_start
send_all
wait_for 20 seen 71 # v9 begins with its template
wait_for 20 snapshots_at_least 2
take_tables
nfm -o json customers set carol 10.9.0.0/24 >>"$LAB/json/customers reload, set, remove"
take_csv 'customers reload, set, remove' customers reload
take_config
take_tokens
take status status
agent_stop
take status status
take 'customers reload, set, remove' customers set carol 10.9.0.0/24 10.10.0.0/24
take_csv 'customers reload, set, remove' customers remove carol
nfm detach c0 >/dev/null || fail "detach"

# by the socket, with time in which nobody counts
configure xdp=off
agent_start
send --datagrams 20
send --datagrams 5 --bad truncated
wait_for 20 json '.datagrams | .received == 25 and .rejected == 5' status
agent_stop KILL
wait_for 20 is_later $((EPOCHSECONDS + 2)) # a whole second that is to be seen
agent_start
take_tables
agent_stop
take_files
jq -se 'any(.[].points[]; .covered_seconds == 0) and any(.[].points[]; .covered_seconds > 0)
	and all(.[].points[]; (.covered_seconds == 0) == (.up_bps == null))' \
	"$LAB/json/history" >/dev/null || fail "history: a rate without covered time, or none with"
file=$(snapshots | tail -n 1)
nfm export "$file" --format json -w "$LAB/exported" || fail "export"
nfm -o json read "$file" | is_same_file - "$LAB/exported" || fail "export and read differ"

for file in "$LAB"/json/*; do
	name=$(basename "$file")
	section "$name" | rows >"$LAB/rows"
	found=$(compare true "$file" <"$LAB/rows") || fail "$name: no comparison"
	[ -z "$found" ] || fail "$name: $found"
	section "$name" | awk '/^```/ { is = $0 == "```json"; next } is' >"$LAB/example"
	[ -s "$LAB/example" ] || fail "$name: no example"
	found=$(compare false "$LAB/example" <"$LAB/rows") || fail "$name: a wrong example"
	[ -z "$found" ] || fail "$name: example: $found"
	section "$name" | awk '/^CSV/ { is = 1 } /^$/ { is = 0 } is' |
		grep -oE '`[a-zN][A-Za-z0-9_]*(,[A-Za-z0-9_]+)+`' | tr -d '\140' | sort -u \
		>"$LAB/header"
	found=$(sort -u "$LAB/csv/$name" | diff "$LAB/header" -) || fail "$name: CSV: $found"
done
[ "$(grep -c '^## ' "$DOC")" = "$(find "$LAB/json" -type f | wc -l)" ] ||
	fail "a section without output: $(grep '^## ' "$DOC"; ls "$LAB/json")"

# whoever adds a command writes of it (metrics: docs/metrics.md)
for name in $(nfm --help | sed -n 's/^  \([a-z]\+\).*/\1/p' |
	grep -vE '^(run|attach|detach|http|metrics)$'); do
	grep -qE "^## (.*, )?$name\b" "$DOC" || fail "$name: not in docs/json.md"
done

# it sees each kind of difference
says() { # WORDS EDIT: of the rows of status
	section status | sed "$2" | rows | compare true "$LAB/json/status" >"$LAB/said"
	[ "$(cat "$LAB/said")" = "$1" ] || fail "instead of '$1': $(cat "$LAB/said")"
}
says 'hook.backlog: not in docs/json.md' '/^| `hook.backlog/d'
says 'agent.mood: in docs/json.md, but never printed
agent.mood: missing' 's/^| `agent.pid` .*/&\n| `agent.mood` | string | | | |/'
# an object whose keys need not all be absent has to be there
says 'hook: missing' '/^| `hook.backlog/s/absent: no agent runs//'
section status | sed '/^| `undecided/s/integer/time/' | rows | compare true "$LAB/json/status" |
	grep -qE '^undecided: [0-9]+ is no time$' || fail "another type is not seen"
section status | sed '/^| `waiting.oldest/s/null: none waits//' | rows |
	compare true "$LAB/json/status" | grep -qx 'waiting.oldest_seconds: null is no integer' ||
	fail "a null is not seen"
