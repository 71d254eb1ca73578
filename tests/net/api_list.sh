#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Long lists: searched, sorted by each key in both orders, in pages that hold everything once.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
for number in $(seq 1 40); do
	list+=("c$((number * 7 % 41))=10.0.$number.0/24")
done
customers "${list[@]}" "six=2001:db8:6::/48 10.1.0.0/16"
sed -i 's/Name of c8,/"Ä und ""b""",/; s/Name of c9,/name OF c9,/' "$LAB/customers.csv"
configure interval=2
api_start
send --datagrams 40
wait_received 40

lists() { # JQ PATH: the answer meets it
	answers 200 "$2"
	jq -e "$1" "$LAB/answer" >/dev/null ||
		fail "$2: not $1: $(jq -c '[.matched, [.customers[].id]]' "$LAB/answer")"
}

show=/api/v1/show
report='/api/v1/report?from=-1h'

# searching: letters' case alike, addresses, parts of prefixes
lists '.matched == 41 and (.customers | length) == 41' "$show"
lists '.matched == 1 and .customers[0].id == "six"' "$show?q=SI"
lists '.matched == 1 and .customers[0].id == "six"' "$show?q=2001:db8:6:1::9"
lists '.matched == 1 and .customers[0].id == "six"' "$show?q=10.1.200.3"
lists '.matched == 1 and .customers[0].prefixes == ["10.0.17.0/24"]' "$show?q=10.0.17.200"
lists '.matched == 11 and all(.customers[]; .prefixes[0] | startswith("10.0.1"))' "$show?q=10.0.1"
lists '.matched == 1 and .customers[0].id == "c8"' "$show?q=%C3%84%20und%20%22"
lists '[.customers[].id] == ["c9"]' "$show?q=name+of+C9"
lists '.matched == 0 and .customers == [] and .total.flows > 0' "$show?q=nobody"
lists '.matched == 2 and ([.customers[].id] | sort) == ["c1", "six"]' "$show?id=c1&id=10.1.0.1"
lists '.matched == 1' "$show?id=c1&id=c1"
lists '.matched == 0' "$show?id=c1&q=six"
answers 404 "$show?id=c1&id=nobody"
answers 404 "$show?id=192.168.3.4"

# sorting: the other order is the other way round, and the first page begins with the end of it
for key in row id name up down total up_bps down_bps bps last_seen; do
	case $key in
	id | name) value=".$key | ascii_downcase" ;;
	up | down) value=.$key.bytes ;;
	total) value='.up.bytes + .down.bytes' ;;
	bps) value='.up_bps + .down_bps' ;;
	last_seen) value='.last_seen // ""' ;;
	row) value=0 ;;
	*) value=.$key ;;
	esac
	[ $key != name ] || value="$value | select(test(\"ä\") | not)"
	lists "[.customers[] | $value] | . == sort" "$show?sort=$key&order=asc"
	lists "[.customers[] | $value] | . == (sort | reverse)" "$show?sort=$key&order=desc"
	[ $key = id ] || [ $key = row ] || continue
	api "$show?sort=$key" | jq -c '[.customers[].id]' >"$LAB/default"
	api "$show?sort=$key&order=asc" | jq -c '[.customers[].id]' |
		is_same_file - "$LAB/default" || fail "$key: the order without one is not asc"
	api "$show?sort=$key&order=desc" | jq -c '[.customers[].id] | reverse' |
		is_same_file - "$LAB/default" || fail "$key: the orders do not mirror each other"
done
wait_for 10 snapshots_at_least 1
agent_stop
api_start_alone
for key in id up down total percentile; do
	value=.$key.bytes
	[ $key != id ] || value=.id
	[ $key != total ] || value='.up.bytes + .down.bytes'
	[ $key != percentile ] || value=.percentile.larger_bps
	lists "[.customers[] | $value] | . == sort" "$report&sort=$key&order=asc"
	lists "[.customers[] | $value] | . == (sort | reverse)" "$report&sort=$key&order=desc"
done

# pages: everything once, in the order of the whole
pages() { # PATH SIZE
	local offset=0 rows

	: >"$LAB/pages"
	while :; do
		answers 200 "$1&offset=$offset&limit=$2"
		rows=$(jq '(.customers // .snapshots) | length' "$LAB/answer")
		jq -c '(.customers // .snapshots)[] | .id // .file' "$LAB/answer" >>"$LAB/pages"
		offset=$((offset + $2))
		[ "$rows" = "$2" ] || break
	done
	api "$1" | jq -c '(.customers // .snapshots)[] | .id // .file' >"$LAB/whole"
	is_same_file "$LAB/pages" "$LAB/whole" ||
		fail "pages of $2 of $1: $(diff "$LAB"/{pages,whole})"
	[ "$(wc -l <"$LAB/whole")" = "$(jq .matched "$LAB/answer")" ] || fail "$1: matched"
}
for size in 1 7 41 100; do
	pages "$show?sort=id" $size
done
pages "$show?sort=name&order=desc&q=c" 10
pages "$report&sort=total" 7
pages "$report&q=c1" 3
pages '/api/v1/snapshots?format=json' 2
lists '.customers == [] and .matched == 41' "$show?offset=41"
most=18446744073709551615
lists '.customers == [] and .matched == 41' "$show?offset=$most&limit=$most"
for wrong in limit=0 limit=-1 limit=1x limit= offset=-1 offset=${most}0 order=up sort=; do
	answers 400 "$show?$wrong"
	answers 400 "$report&$wrong"
done

# CSV: the same rows, as a file
answers 200 "$show?sort=id&limit=5&format=csv&q=c"
[ "$(sed 1d "$LAB/answer" | cut -d, -f1 | paste -sd,)" = "c1,c10,c11,c12,c13" ] || fail "csv"
head_of "$show?format=csv" >"$LAB/head"
grep -qix 'content-type: text/csv; charset=utf-8' "$LAB/head" &&
	grep -qi '^content-disposition: attachment; filename="customers.csv"' "$LAB/head" ||
	fail "csv: $(cat "$LAB/head")"
api_stop
