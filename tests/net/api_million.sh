#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 1,000,000 customers: all of them in one answer, whole, while the server's own memory stays
# bounded; what a page of the web page asks for comes within a second.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
count=1000000
# The server's own memory (not that of the table, which it shares with the agent): a row of sums and
# what it is sorted by for each customer, in two answers that are made at once.
memory_bound_kb=$((350 << 10))
[ "$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)" -gt 4000000 ] ||
	skip "needs 4 GB of memory"
lab_open
printf 'id,name,prefixes\n' >"$LAB/customers.csv"
awk -v count=$count 'BEGIN { for (i = 0; i < count; i++) printf "c%d,Customer %d,20.%d.%d.%d\n",
	i, i, i / 65536, i / 256 % 256, i % 256 }' >>"$LAB/customers.csv"
for ((i = 0; i < count; i += 9999)); do
	CUSTOMERS+=${CUSTOMERS:+,}c$i=20.$((i / 65536)).$((i / 256 % 256)).$((i % 256))/32
done
configure capacity=1048576 interval=3600
api_start
send --datagrams 500
wait_received 500

sample_memory() {
	while sed -n 's/^RssAnon:[ \t]*\([0-9]*\) kB/\1/p' "/proc/$SERVER/status" 2>/dev/null; do
		sleep 0.02
	done >"$LAB/memory"
}
sample_memory &
sampler=$!

api /api/v1/show -m 60 -H 'Accept-Encoding: gzip' -o "$LAB/all.gz" &
one=$!
api '/api/v1/show?sort=name&order=desc' -m 60 -o "$LAB/other" &
other=$!
wait $one && wait $other || fail "an answer did not come"
kill $sampler
peak=$(sort -n "$LAB/memory" | tail -n 1)
[ "$peak" -lt $memory_bound_kb ] || fail "$peak kB of memory of its own"

gzip -dc "$LAB/all.gz" >"$LAB/all"
flows=$("$PYTHON" "$LIB/million.py" "$LAB/all" $count 2>&1) || fail "show: $flows"
[ "$flows" = "$(sent_files | jq .total.flows)" ] || fail "$flows flows"
rm "$LAB/all" "$LAB/other"

# A page: what it costs of a processor, which it may have to share here. The best of three, each of
# which is made anew.
cpu_ms() {
	awk -v tick="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / tick) }' \
		"/proc/$SERVER/stat"
}
fastest=99999
for sort in total down_bps last_seen; do
	before=$(cpu_ms)
	api "/api/v1/show?sort=$sort&limit=100" -o "$LAB/page"
	[ "$(jq '.customers | length' "$LAB/page")" = 100 ] || fail "$sort: no page"
	took=$(($(cpu_ms) - before))
	((took >= fastest)) || fastest=$took
done
((fastest < 1000)) || fail "a page takes $fastest ms"
answers 200 '/api/v1/show?q=c99999&limit=100' # looks at all
[ "$(jq .matched "$LAB/answer")" = 11 ] || fail "searching"
echo "peak $peak kB, a page $fastest ms"
