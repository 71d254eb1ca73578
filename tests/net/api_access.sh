#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Who may ask, and what: without tokens this machine alone, and only to read; with tokens whoever
# has one, as far as its role goes. Every answer has the headers that keep a browser safe.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
API_LISTEN=*:9996
api_start
send --datagrams 20
wait_received 20

safe() { # what head_of said
	local line

	for line in "content-security-policy: default-src 'none'; script-src 'self'; " \
		'x-content-type-options: nosniff' 'x-frame-options: deny' \
		'referrer-policy: no-referrer' 'cross-origin-opener-policy: same-origin' \
		'cross-origin-resource-policy: same-origin' 'permissions-policy: '; do
		grep -qiF "$line" "$LAB/head" || fail "no $line: $(cat "$LAB/head")"
	done
	! grep -qiE "unsafe|^(server|access-control)" "$LAB/head" || fail "$(cat "$LAB/head")"
}

is_safe() { # STATUS PATH OPTION…
	head_of "${@:2}" >"$LAB/head"
	grep -q "^HTTP/1.1 $1 " "$LAB/head" || fail "${*:2}: not $1: $(head -n 1 "$LAB/head")"
	safe
}

# ---- without tokens ----
show=/api/v1/show
for host in localhost localhost:9996 127.0.0.1 127.0.0.1:80 '[::1]' '[::1]:9996' LOCALHOST \
	127.9.9.9; do
	answers 200 $show -H "Host: $host"
done
for host in evil.example localhost.evil.example 127.0.0.1.evil.example evil.example:9996 '' \
	192.0.2.2 '[::2]' 10.127.0.1 localhosts 127.1; do
	answers 403 $show -H "Host: $host"
done
for header in 'X-Forwarded-For: 127.0.0.1' 'Forwarded: for=127.0.0.1' 'Via: 1.1 proxy' \
	'x-real-ip: 127.0.0.1' 'X-Forwarded-Proto: https' 'X-Forwarded-Host: localhost'; do
	answers 403 $show -H "$header"
done
answers 403 /api/v1/events -H 'X-Forwarded-For: 127.0.0.1'
answers 403 /metrics -H 'Host: evil.example'
answers 200 /api/v1/whoami
jq -e '.role == "read" and .tokens == false and .name == null' "$LAB/answer" >/dev/null ||
	fail "whoami: $(cat "$LAB/answer")"
for path in settings exporters/x customers/alice; do
	answers 403 "/api/v1/$path" -X PUT -d '{"prefixes":["10.0.0.0/25"]}'
done
answers 403 /api/v1/customers/alice -X DELETE
answers 403 /api/v1/exporters/x -X DELETE

# from elsewhere, whatever name is asked for; IPv6, too
outside() { # STATUS URL OPTION…
	local found

	found=$(in_router curl -sS -m 10 --globoff -o "$LAB/answer" -w '%{http_code}' "${@:2}")
	[ "$found" = "$1" ] || fail "from outside ${*:2}: $found instead of $1"
}
outside 403 "http://$COLLECTOR:9996$show" -H 'Host: localhost'
outside 403 "http://[$COLLECTOR6]:9996$show" -H 'Host: localhost'
outside 403 "http://$COLLECTOR:9996/api/v1/events" -H 'Host: localhost'
outside 200 "http://$COLLECTOR:9996/api/v1/openapi.json" # holds no numbers
is_safe 403 $show -H 'Host: evil.example'

# ---- with tokens: a server with the new ones comes by itself ----
server_is_new() { # PID
	api_is_up && [ "$SERVER" != "$1" ]
}
before=$SERVER
admin=$(token admin boss)
wait_for 10 server_is_new "$before"
read=$(token read "office of 1")
alice=$(token customer:alice app)
[ "$(stat -c '%a %U' "$LAB/tokens")" = '600 root' ] || fail "the file may be read by others"
knows() { # TOKEN
	[ "$(status /api/v1/whoami -H "Authorization: Bearer $1")" = 200 ]
}
wait_for 10 knows "$alice"
auth() { # TOKEN
	HEADER=(-H "Authorization: Bearer $1")
}

answers 401 $show
grep -qi '^www-authenticate: bearer' <<<"$(head_of $show)" || fail "401 without how"
for wrong in "${admin:0:40}" "${admin}x" "$LAB/tokens" ''; do
	answers 401 $show -H "Authorization: Bearer $wrong"
done
answers 401 $show -u "boss:$admin"
outside 401 "http://$COLLECTOR:9996$show"
outside 200 "http://$COLLECTOR:9996$show" -H "Authorization: Bearer $read" -H 'Host: evil.example'
outside 200 "http://$COLLECTOR:9996$show" -H "authorization: bearer $read" -H 'Via: 1.1 proxy'

auth "$read"
for path in status show exporters templates snapshots report history?id=bob sparklines?id=bob; do
	answers 200 "/api/v1/$path" "${HEADER[@]}"
done
answers 403 /api/v1/settings -X PUT -d '{"changes":[]}' "${HEADER[@]}"
answers 403 /api/v1/customers/alice -X DELETE "${HEADER[@]}"
answers 200 /api/v1/whoami "${HEADER[@]}"
jq -e '.role == "read" and .name == "office of 1" and .tokens and .customer == null' \
	"$LAB/answer" >/dev/null || fail "whoami: $(cat "$LAB/answer")"

# a customer sees itself, and not even that there are others
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
	'history?id=alice&kind=local' 'history?id=alice&id=bob' 'sparklines?id=alice&id=bob' \
	status exporters templates snapshots report 'read?file=x' config events; do
	answers 403 "/api/v1/$path" "${HEADER[@]}"
done
answers 403 /metrics "${HEADER[@]}"
answers 403 /api/v1/customers/alice -X PUT -d '{"prefixes":["10.0.1.0/24"]}' "${HEADER[@]}"
# what one asked is not kept for the other
auth "$read"
answers 200 "$show" "${HEADER[@]}"
jq -e '.matched == 2 and has("total")' "$LAB/answer" >/dev/null || fail "an answer of another"

# ---- headers, on every kind of answer ----
etag=$(head_of / | sed -n 's/^etag: //Ip')
is_safe 200 $show "${HEADER[@]}"
is_safe 200 /
is_safe 304 / -H "If-None-Match: $etag"
is_safe 400 $show?x=1 "${HEADER[@]}"
is_safe 401 $show
is_safe 404 /nothing
is_safe 405 $show -X PUT -d x
is_safe 413 /api/v1/settings -X PUT -d "$(head -c 70000 /dev/zero | tr '\0' x)" \
	-H "Authorization: Bearer $admin"
in_collector timeout 1 curl -sN -D "$LAB/head" "${HEADER[@]}" $API/api/v1/events >/dev/null
grep -q '^HTTP/1.1 200' "$LAB/head" || fail "events: $(cat "$LAB/head")"
safe

# ---- a token that is taken back; guessing ----
is_unknown() { # TOKEN
	[ "$(status /api/v1/whoami -H "Authorization: Bearer $1")" = 401 ]
}
nfm token remove "office of 1" >/dev/null || fail "token remove"
wait_for 10 is_unknown "$read"
wait_for 10 knows "$admin"
answers 401 $show -H "Authorization: Bearer $read"
for _ in $(seq 10); do # from outside: of this machine's addresses none is blocked
	outside 401 "http://$COLLECTOR:9996$show" -H 'Authorization: Bearer nfm_wrong'
done
outside 429 "http://$COLLECTOR:9996$show" -H 'Authorization: Bearer nfm_wrong' -D "$LAB/head"
grep -qi '^retry-after: 60' "$LAB/head" || fail "429 without when"
safe
outside 429 "http://$COLLECTOR:9996$show" -H "Authorization: Bearer $admin"
outside 200 "http://[$COLLECTOR6]:9996$show" -H "Authorization: Bearer $admin"
answers 200 $show -H "Authorization: Bearer $admin"
