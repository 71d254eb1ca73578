#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every kind of answer has the headers that keep a browser safe.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
admin=$(token admin boss)
api_start
HEADER=(-H "Authorization: Bearer $admin")
show=/api/v1/show

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
for _ in $(seq 10); do
	answers 401 $show -H 'Authorization: Bearer nfm_wrong'
done
is_safe 429 $show "${HEADER[@]}"
grep -qix 'retry-after: [1-9][0-9]*' "$LAB/head" || fail "429 without when"
