#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# page.sh SCENARIO: a browser on the page of a real agent that counts real traffic. SCENARIO.mjs
# says what is looked at; `live` while traffic runs, all others when it has ended and stands in
# files. With NFM_PICTURES=FOLDER they leave pictures there.
. "$(dirname "$0")/../lib/lab.sh"
SCENARIO=${1:?}
PORT=9996
UNKNOWN=192.0.2.77 # a router that nobody configured
command -v node >/dev/null || fail "no node: scripts/install-deps test"
lab_open

# The browser runs where the server listens.
browse() { # SCENARIO
	NFM_URL=http://127.0.0.1:$PORT NFM_CONF=$CONF NFM_NFMETER=$NFMETER \
		NFM_MODULES=$BUILD/tests/web/node_modules NFM_UNKNOWN=$UNKNOWN NFM_AGENT=$AGENT \
		NFM_TOKEN_ADMIN=$(cat "$LAB/admin") NFM_TOKEN_READ=$(cat "$LAB/read") \
		NFM_TOKEN_CUSTOMER=$(cat "$LAB/customer") HOME=$LAB \
		in_collector node "$ROOT/tests/web/$1.mjs"
}

served() {
	in_collector bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT" 2>/dev/null
}

make_tokens() {
	nfm token add admin operator >"$LAB/admin" 2>/dev/null || fail "token add"
	nfm token add read desk >"$LAB/read" 2>/dev/null || fail "token add"
	nfm token add customer:alice alice >"$LAB/customer" 2>/dev/null || fail "token add"
}

# A name that would be markup, if it ever became one.
few_customers() {
	customers alice=10.0.0.0/24 "bob=10.0.1.0/24 10.0.2.0/24" carol=2001:db8:7::/48
	sed -i 's|Name of alice|"<b>Alice</b> \& ""Sons"""|' "$LAB/customers.csv"
}

many_customers() { # COUNT
	configure capacity="$1"
	awk -v count="$1" 'BEGIN {
		print "id,name,prefixes"
		for (i = 0; i < count; i++)
			printf "c%06d,Customer %d,10.%d.%d.%d/32\n", i, i,
				i / 65536, i / 256 % 256, i % 256
	}' >"$LAB/customers.csv"
	CUSTOMERS=c000000=10.0.0.0/32,c000001=10.0.0.1/32,c000002=10.0.0.2/32
}

# Weeks that are over, of a small provider, and some traffic of its customers now.
demo() {
	configure interval=300 capacity=4096
	EXPORTERS="[exporter core-1]
address = $ROUTER"
	configure
	mkdir -p "$LAB/state"
	"$BUILD/tests/web/demo" "$LAB/state" 35 >"$LAB/customers.csv" || fail "demo"
	CUSTOMERS=$(sed -nE 's/^([0-9]+),.*,(10[^ ]*) .*/\1=\2/p' "$LAB/customers.csv" |
		paste -sd,)
}

# Rates that rise and fall; each run goes on with the stream before it.
send_waves() {
	local rate

	local options='--version 5 --bytes 5000'

	# shellcheck disable=SC2086 # words
	send $options --datagrams 100 --rate 50
	for rate in 40 70 95 60 45 80 110 90 50 75 65 85 70 60; do
		# shellcheck disable=SC2086
		send_on 1 $options --datagrams $((rate * 6)) --rate "$rate"
	done
}

send_unknown() {
	ip -n "$NS_ROUTER" address add "$UNKNOWN/24" dev r0
	in_router "$NFSEND" gen --from "$UNKNOWN" --to "$COLLECTOR" --customers "$CUSTOMERS" \
		--datagrams 40 --rate 400 >/dev/null || fail "nfsend from $UNKNOWN"
}

# All bytes stand in files, and none comes any more.
in_files() {
	local shown

	shown=$(nfm -o json show | jq .total.bytes)
	nfm -o json report --from -1d | jq -e ".total.bytes == $shown" >/dev/null
}

configure interval=2 http.listen=127.0.0.1:$PORT
if [ "$SCENARIO" = many ]; then
	many_customers 100000
elif [ "$SCENARIO" = pictures ]; then
	demo
else
	few_customers
fi
if [ "$SCENARIO" = first ]; then
	touch "$LAB/admin" "$LAB/read" "$LAB/customer"
else
	make_tokens
fi
agent_start
wait_for 20 served
if [ "$SCENARIO" = first ]; then # no token, no traffic
	browse first
	exit
fi
if [ "$SCENARIO" = live ]; then
	send_start --version 9 --datagrams 100000 --rate 200
	browse live
	status=$?
	kill "$SENDER"
	wait "$SENDER"
	exit "$status"
fi
if [ "$SCENARIO" = pictures ]; then
	send_waves &
	waves=$!
	browse pictures
	status=$?
	kill "$waves"
	wait "$waves" 2>/dev/null
	exit "$status"
fi
send --version 9 --datagrams 1500 --rate 500 --lose 300
[ "$SCENARIO" != pages ] || send_unknown
[ "$SCENARIO" != settings ] || send_unknown
wait_for 20 in_files
browse "$SCENARIO"
