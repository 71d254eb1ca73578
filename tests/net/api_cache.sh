#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Answers that a client has already are not sent again; gzip is the same text; HEAD is GET without a
# body; what has changed is told.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
api_lab interval=1
api_start
send --datagrams 20
wait_received 20
wait_for 10 snapshots_at_least 2
agent_stop
api_start_alone

has() { # HEADER-LINE (pattern): what head_of said
	grep -qixE "$1" "$LAB/head" || fail "no header $1: $(cat "$LAB/head")"
}

has_not() {
	! grep -qiE "^$1:" "$LAB/head" || fail "a header $1: $(cat "$LAB/head")"
}

# Of a path whose answer stands still: plain and gzip, both with the same etag.
check() { # PATH CACHE-CONTROL VARY
	local etag

	head_of "$1" -o "$LAB/plain" >"$LAB/head"
	has 'HTTP/1.1 200 OK' && has "Cache-Control: $2" && has "Vary: $3" && has 'Date: .* GMT'
	has_not Content-Encoding
	etag=$(sed -n 's/^etag: //Ip' "$LAB/head")
	[[ $etag =~ ^\"[0-9a-f]{32}\"$ ]] || fail "$1: etag $etag"
	has "Content-Length: $(stat -c %s "$LAB/plain")"

	head_of "$1" -H 'Accept-Encoding: gzip' -o "$LAB/gzip" >"$LAB/head"
	has 'Content-Encoding: gzip' && has "ETag: $etag" && has "Vary: $3"
	gzip -dc "$LAB/gzip" | is_same_file - "$LAB/plain" || fail "$1: gzip is another text"
	head_of "$1" -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag" >"$LAB/head"
	has 'HTTP/1.1 304 Not Modified' && has "Content-Length: $(stat -c %s "$LAB/gzip")"
	head_of "$1" -H 'Accept-Encoding: br, gzip;q=0' >"$LAB/head"
	has_not Content-Encoding

	for known in "$etag" "W/$etag" "\"other\", $etag" '*'; do
		head_of "$1" -H "If-None-Match: $known" -o "$LAB/body" >"$LAB/head"
		has 'HTTP/1.1 304 Not Modified' && has "ETag: $etag" && has "Cache-Control: $2"
		has_not '(Content-Type|Content-Encoding|Content-Disposition)'
		has "Content-Length: $(stat -c %s "$LAB/plain")" # or none: RFC 9110, 8.6
		[ ! -s "$LAB/body" ] || fail "$1: 304 with a body"
	done
	head_of "$1" -H "If-None-Match: \"${etag:2:20}\"" >"$LAB/head"
	has 'HTTP/1.1 200 OK'

	head_of "$1" --head >"$LAB/head"
	has 'HTTP/1.1 200 OK' && has "ETag: $etag"
	has "Content-Length: $(stat -c %s "$LAB/plain")"
	head_of "$1" --head -H "If-None-Match: $etag" >"$LAB/head"
	has 'HTTP/1.1 304 Not Modified'
}

file=$(basename "$(snapshots | head -n 1)")
both='Accept-Encoding, Authorization'
check "/api/v1/read?file=$file" 'private, max-age=5' "$both"
check "/api/v1/read?file=$file&format=csv" 'private, max-age=5' "$both"
check '/api/v1/snapshots' 'private, max-age=2' "$both"
check '/api/v1/report?month=2025-01' 'private, max-age=10' "$both"
check '/api/v1/history?id=alice&month=2025-01' 'private, max-age=5' "$both" # in a file
check '/api/v1/whoami' no-store "$both"
check '/' no-cache Accept-Encoding
check '/api/v1/openapi.json' no-cache Accept-Encoding

# an error is nothing to keep
head_of /api/v1/nothing -H 'If-None-Match: *' >"$LAB/head"
has 'HTTP/1.1 404 Not Found' && has 'Cache-Control: no-store' && has_not ETag
head_of '/api/v1/show?sort=x' -H 'If-None-Match: *' >"$LAB/head"
has 'HTTP/1.1 400 Bad Request' && has 'Cache-Control: no-store' && has_not ETag

# what changes has another etag, within the seconds that it says
etag_of() {
	head_of "$1" | sed -n 's/^etag: //Ip'
}
etag_differs() { # PATH ETAG
	[ "$(etag_of "$1")" != "$2" ]
}
etag=$(etag_of '/api/v1/snapshots')
cp "$LAB/state/$file" "$LAB/state/nfmeter.202001010000"
[ "$(etag_of '/api/v1/snapshots')" = "$etag" ] || fail "an answer was not used again"
wait_for 3 etag_differs /api/v1/snapshots "$etag"
api_stop
