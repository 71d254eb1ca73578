#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# http.sh [CUSTOMERS]: what answers of the API cost, and that a crowd of clients takes nothing from
# the counting.
# By hand, on a quiet machine: bash tests/bench/http.sh 100000. Needs wrk for the crowd.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
count=${1:-100000}

made() {
	awk -v count="$count" 'BEGIN {
		print "id,name,prefixes"
		for (i = 0; i < count; i++)
			printf "c%07d,Customer %d,10.%d.%d.%d/32\n", i, i * 7919 % count,
				i / 65536, i / 256 % 256, i % 256
	}'
}

# Median of five, in ms; answers are kept for a second or more, so each question differs.
takes() { # NAME PATH [OPTION…]
	local i

	for i in 1 2 3 4 5; do
		api "${2//@/$i}" "${@:3}" -o /dev/null -w '%{time_total} %{size_download}\n'
	done | sort -n | sed -n 3p | awk -v name="$1" \
		'{ printf "%-40s %8.0f ms %12d bytes\n", name, $1 * 1000, $2 }'
}

memory() { # MB of its own
	awk '/^RssAnon/ { print $2 / 1024 }' "/proc/$SERVER/status"
}

kernel_percent() {
	nfm -o json status | jq '.datagrams | .kernel * 100 / .received | floor'
}

lab_open
made >"$LAB/customers.csv"
CUSTOMERS=c0000000=10.0.0.0/32,c0000001=10.0.0.1/32
configure capacity="$((count + 64))" interval=300
api_start
send --datagrams 100
echo "$count customers; server: $(memory) MB"
takes 'show: all' '/api/v1/show?offset=@'
takes 'show: all, gzip' '/api/v1/show?offset=1@' -H 'Accept-Encoding: gzip'
takes 'show: 100 of all, by rate' '/api/v1/show?sort=bps&limit=10@'
takes 'show: 100 of all, by name' '/api/v1/show?sort=name&limit=10@'
takes 'show: search, 100' '/api/v1/show?q=12@&limit=100'
takes 'show: one, by address' '/api/v1/show?id=10.0.0.@'
takes 'status' '/api/v1/status?format=json'
takes 'metrics' '/metrics'
echo "server: $(memory) MB"
command -v wrk >/dev/null || exit 0

crowd() { # PATH
	in_collector wrk -t 1 -c 200 -d 8 "$API$1" | grep -E 'Requests/sec|Non-2xx'
}
for path in /api/v1/whoami '/api/v1/show?limit=100&sort=bps' /app.js; do
	echo "200 clients, $path: $(crowd "$path")"
done
crowd /api/v1/whoami >"$LAB/crowd" &
send --version 9 --layout ros7 --datagrams 20000 --rate 4000
wait $!
check_counts
echo "20,000 datagrams beside 200 clients: each one counted; $(kernel_percent) % in the kernel"
