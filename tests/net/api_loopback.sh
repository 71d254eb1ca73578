#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Without tokens this machine alone may ask, and only to read: not from elsewhere, not through a
# proxy, and not by a name that a page of another site may have.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1
API_LISTEN=*:9996
api_start
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
outside 403 "http://$COLLECTOR:9996$show" -H 'Host: localhost'
outside 403 "http://[$COLLECTOR6]:9996$show" -H 'Host: localhost'
outside 403 "http://$COLLECTOR:9996/api/v1/events" -H 'Host: localhost'
outside 200 "http://$COLLECTOR:9996/api/v1/openapi.json" # holds no numbers
