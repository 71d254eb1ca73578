#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A token of a customer's: it sees itself, and not even that there are others.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
read=$(token read office)
alice=$(token customer:alice app)
api_start
send --datagrams 20
wait_received 20
auth() { # TOKEN
	HEADER=(-H "Authorization: Bearer $1")
}

show=/api/v1/show
auth "$alice"
only='[.customers[].id] == ["alice"] and (has("total") or has("unmatched") or has("local") | not)'
for query in '' '?id=alice' '?sort=total&order=asc' '?q=a' '?id=10.0.0.3'; do
	answers 200 "$show$query" "${HEADER[@]}"
	jq -e "$only and .matched == 1" "$LAB/answer" >/dev/null ||
		fail "show$query: $(cat "$LAB/answer")"
done
answers 200 "$show?q=bob" "${HEADER[@]}"
jq -e '.customers == [] and .matched == 0' "$LAB/answer" >/dev/null || fail "it sees bob"
answers 200 "$show?format=csv" "${HEADER[@]}"
! grep -q bob "$LAB/answer" || fail "it sees bob in CSV"
for query in bob 10.0.1.9 'alice&id=bob' 192.0.2.77; do # of who is there as of who is not
	answers 404 "$show?id=$query" "${HEADER[@]}"
done
answers 200 '/api/v1/history?id=alice' "${HEADER[@]}"
answers 200 '/api/v1/sparklines?id=alice' "${HEADER[@]}"
for path in 'history?id=bob' 'history?id=nobody' 'history?kind=unmatched' 'history?kind=local' \
	'history?id=alice&kind=local' 'sparklines?id=alice&id=bob' \
	status exporters templates snapshots report 'read?file=x' config events; do
	answers 403 "/api/v1/$path" "${HEADER[@]}"
done
answers 400 '/api/v1/history?id=alice&id=bob' "${HEADER[@]}" # one at a time, whoever asks
answers 403 /metrics "${HEADER[@]}"
answers 403 /api/v1/customers/alice -X PUT -d '{"prefixes":["10.0.1.0/24"]}' "${HEADER[@]}"
# what one asked is not kept for the other
auth "$read"
answers 200 "$show" "${HEADER[@]}"
jq -e '.matched == 2 and has("total")' "$LAB/answer" >/dev/null || fail "an answer of another"
