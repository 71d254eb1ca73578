#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# TLS with a certificate and key of the operator's: 1.2 and 1.3, nothing older, nothing in the
# clear; files that do not fit are refused, in words.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
make_key() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj "/CN=$1" -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
		-keyout "$LAB/$1.key" -out "$LAB/$1.pem" 2>/dev/null || fail "no certificate"
}
make_key one
make_key two
chmod 600 "$LAB/one.key" # root's; the server has it open before it becomes another
API=https://127.0.0.1:9996
api_start_alone http.certificate="$LAB/one.pem" http.key="$LAB/one.key"
grep -q TLS "$LAB/http.log" || fail "the log says nothing of TLS"

answers 200 /api/v1/status --cacert "$LAB/one.pem"
answers 200 / --cacert "$LAB/one.pem" --tls-max 1.2
answers 200 / --cacert "$LAB/one.pem" --tlsv1.3
! api / --cacert "$LAB/two.pem" >"$LAB/out" 2>&1 || fail "another certificate is its, too"
! API=http://127.0.0.1:9996 api /api/v1/status >"$LAB/out" 2>&1 || fail "in the clear"
! grep -q version "$LAB/out" || fail "in the clear"

handshake() { # OPTION…: what openssl agrees upon; old versions need an old level
	in_collector timeout 10 openssl s_client -connect 127.0.0.1:9996 \
		-cipher 'ALL:@SECLEVEL=0' "$@" </dev/null 2>&1 | grep -E '^ *(New, TLS|Protocol)'
}
handshake -tls1_2 | grep -q 'TLSv1.2' || fail "no TLS 1.2"
handshake -tls1_3 | grep -q 'TLSv1.3' || fail "no TLS 1.3"
for old in -tls1_1 -tls1; do
	! handshake $old | grep -q 'New, TLSv1' || fail "$old"
done
# who stops amid a handshake keeps nobody else waiting
exec 9< <(in_collector timeout 5 bash -c \
	'exec 3<>/dev/tcp/127.0.0.1/9996; printf "\26\3\1" >&3; cat <&3')
answers 200 /api/v1/show --cacert "$LAB/one.pem"
api "/api/v1/events" --cacert "$LAB/one.pem" -N -m 2 >"$LAB/events" 2>/dev/null
grep -q '^data: {' "$LAB/events" || fail "no events by TLS"
exec 9<&-
api_stop

refused() { # PATTERN KEY=VALUE…: the server ends, and says why
	: >"$LAB/http.log"
	api_launch "${@:2}"
	wait "$SERVER"
	[ $? = 1 ] || fail "${*:2}: it did not end with 1"
	SERVER=''
	grep -qE "$1" "$LAB/http.log" || fail "${*:2}: $(cat "$LAB/http.log")"
}
refused 'certificate and key' http.key="$LAB/two.key"
refused 'certificate and key' http.key="$CONF"
refused "key = $LAB/nothing.key: No such file" http.key="$LAB/nothing.key"
refused 'certificate and key go together' http.key=
refused "certificate = $LAB/no.pem: No such file" http.certificate="$LAB/no.pem" \
	http.key="$LAB/one.key"
json .agent.running status || fail "the agent ended"
