#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nfexpire itself beside `nfmeter expire`, on the same trees: its column of the table of sizes and
# lifetimes, and the three behaviours in which we differ on purpose. No network.
. "$(dirname "$0")/../lib/lab.sh"
command -v nfexpire >/dev/null || skip "nfexpire is not installed"
trees=$(mktemp -d "${TMPDIR:-/tmp}/nfm-trees.$$.XXXXXX") || fail "no temporary folder"
trap 'rm -rf "$trees"' EXIT
trap 'exit 143' INT TERM HUP
export TZ=UTC
: >"$trees/nfmeter.conf"

expire() {
	"$NFMETER" -c "$trees/nfmeter.conf" expire "$@"
}

# What nfexpire makes of a value, by the record that it keeps of it.
nfexpire_reads() { # OPTION KEY VALUE
	rm -rf "$trees/record"
	mkdir "$trees/record"
	if ! timeout 20 nfexpire -u "$trees/record" "$1" "$3" >"$trees/said" 2>&1; then
		echo error
		return
	fi
	sed -n "s/^$2=//p" "$trees/record/.nfstat" | sed 's/^0$/no limit/'
}

rows=0
while IFS=';' read -r kind input expected _; do
	case $kind in
	size) found=$(nfexpire_reads -s maxsize "$input") ;;
	lifetime) found=$(nfexpire_reads -t lifetime "$input") ;;
	*) continue ;;
	esac
	[ "$found" = "$expected" ] || fail "nfexpire, $kind \"$input\": $found, not $expected"
	rows=$((rows + 1))
done < <(tr '\t' ';' <"$ROOT/tests/unit/expire_cases.tsv")
[ "$rows" = 45 ] || fail "$rows rows of 45"

file() { # NAME [BYTES]
	mkdir -p "$(dirname "$trees/$1")"
	head -c "${2:-65536}" /dev/urandom >"$trees/$1"
}

# The same tree twice; what is left of it by each.
both() { # OPTION…
	rm -rf "$trees/theirs"
	cp -a "$trees/ours" "$trees/theirs"
	timeout 60 nfexpire -e "$trees/theirs" "$@" >"$trees/said" 2>&1 ||
		fail "nfexpire $*: $(cat "$trees/said")"
	left ours >"$trees/before"
	expire "$trees/ours" "$@" -n -o json >"$trees/dry" || fail "expire -n $*"
	left ours | cmp -s - "$trees/before" || fail "a dry run changed something"
	expire "$trees/ours" "$@" >"$trees/said" || fail "expire $*"
	{ left ours; jq -r --arg tree "$trees/ours/" \
		'.gone[].file | select(endswith("/") | not) | ltrimstr($tree)' "$trees/dry"; } |
		sort | cmp -s - "$trees/before" || fail "a dry run named other files than went"
}

left() { # TREE
	(cd "$trees/$1" && find . -type f -name 'nfcapd.*' -printf '%P\n' | sort)
}

hours_ago() { # HOURS
	date -d "@$(($(date +%s) - $1 * 3600))" +%Y%m%d%H%M
}

# 1. Of 31 days nfexpire keeps 95 %, which is 706.8 hours; a lifetime here is a lifetime.
for hours in 1 700 720 743 745; do
	file "ours/nfcapd.$(hours_ago $hours)"
done
both -t 31d
[ "$(left theirs | wc -l)" = 2 ] || fail "nfexpire keeps more than 29.45 days: $(left theirs)"
[ "$(left ours | wc -l)" = 4 ] || fail "not four files are within 31 days: $(left ours)"

# 2. Across sub-folders nfexpire goes by path, so that newer files go before older ones.
rm -rf "$trees/ours"
file ours/2026/01/nfcapd.202602050000
file ours/2026/01/nfcapd.202602050005
file ours/2026/02/nfcapd.202602010000
file ours/2026/02/nfcapd.202602010005
both -s 200K
left theirs | grep -q 202602050000 && fail "nfexpire went by time: $(left theirs)"
left theirs | grep -q 202602010000 || fail "nfexpire went by time: $(left theirs)"
[ "$(left ours)" = "$(printf '2026/01/nfcapd.20260205000%s\n' 0 5)" ] ||
	fail "the oldest are not those that went: $(left ours)"
[ -e "$trees/ours/2026/02" ] && fail "an emptied folder stayed"

# 3. Where the table says the same, the same stays: a folder without sub-folders, by size.
rm -rf "$trees/ours"
for minute in 00 05 10 15 20 25 30 35; do
	file "ours/nfcapd.2026020500$minute"
done
file ours/nfcapd.current.4711
both -s 400K -w 50
[ -n "$(left ours)" ] && [ "$(left ours)" = "$(left theirs)" ] ||
	fail "by size: ours $(left ours), theirs $(left theirs)"
[ -e "$trees/ours/nfcapd.current.4711" ] || fail "the open file went"

# 4. An empty value is an error for both; a word for a watermark only here.
for option in '-s' '-t'; do
	expire "$trees/ours" "$option" '' 2>/dev/null
	[ $? = 2 ] || fail "$option '' is not refused"
done
expire "$trees/ours" -s 1K -w abc 2>/dev/null
[ $? = 2 ] || fail "-w abc is not refused"
expire "$trees/ours" 2>/dev/null
[ $? = 2 ] || fail "a folder of others' is expired without a limit of its own"
[ -n "$(left ours)" ] || fail "something refused has expired files"
