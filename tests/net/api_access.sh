#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# With tokens whoever has one may ask, as far as its role goes; made and taken back while the agent
# runs. Who guesses is stopped.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
API_LISTEN=*:9996
api_start
show=/api/v1/show
server_is_new() { # PID
	api_is_up && [ "$SERVER" != "$1" ]
}
before=$SERVER
admin=$(token admin boss)
wait_for 10 server_is_new "$before"
read=$(token read "office of 1")
[ "$(stat -c '%a %U' "$LAB/tokens")" = '600 root' ] || fail "the file may be read by others"
wait_for 10 knows "$read"
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

# ---- taken back; guessing ----
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
outside 429 "http://$COLLECTOR:9996$show" -H "Authorization: Bearer $admin"
outside 200 "http://[$COLLECTOR6]:9996$show" -H "Authorization: Bearer $admin"
answers 200 $show -H "Authorization: Bearer $admin"
