#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `nfmeter export`: nfdump files as the agent writes them, CSV and JSON as `read` prints them; what
# fails says so in one line and leaves what was there.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/nfdump.sh"
lab_open
customers alice=10.0.0.0/24 "bob=2001:db8:7::/48 10.0.1.0/24"
configure interval=1 nfdump=yes nfdump-compression=lz4
agent_start
for _ in 1 2 3; do
	send --version 9 --layout ros7,ros7v6 --datagrams 60
	wait_for 10 snapshots_at_least $(($(snapshots | wc -l) + 1))
done
agent_stop
mapfile -t all < <(snapshots)
for file in "${all[@]}"; do
	json '.total.bytes > 0' read "$file" && first=$file && break
done
capture=${first/nfmeter./nfcapd.}
cd "$LAB" || fail "cd"

# the agent's own files again, byte for byte; nfdump reads each compression that it knows alike
mkdir out
nfm export "${all[@]}" --format nfdump --compress lz4 -w out || fail "to a folder"
for file in "${all[@]}"; do
	cmp "${file/nfmeter./nfcapd.}" "out/$(basename "${file/nfmeter./nfcapd.}")" ||
		fail "export differs from what the agent wrote"
done
check_nfdump "${all[@]}" -- -R "$LAB/out"
nfm export "$first" --format nfdump -w plain || fail "to a file"
check_nfdump "$first" -- -r plain
[ "$(stat -c %s plain)" -gt "$(stat -c %s "$capture")" ] || fail "not compressed"
nfm export "$first" --format nfdump --compress zstd -w packed || fail "zstd"
[ "$(od -An -tu1 -j16 -N1 packed | tr -d ' ')" = 4 ] || fail "zstd's number"

# one document, as `read` prints it
for format in csv json; do
	nfm -o "$format" read "${all[@]}" >wanted
	nfm export "${all[@]}" --format "$format" -w - | cmp - wanted || fail "$format to stdout"
	nfm export "${all[@]}" --format "$format" -w "$format" || fail "$format to a file"
	cmp "$format" wanted || fail "$format"
done
nfm export "$first" --format json -w - | jq -e .epoch >/dev/null || fail "one file is no list"

# a link stays a link, a device a device
ln -s csv link
nfm export "$first" --format csv -w link || fail "through a link"
[ -L link ] && nfm -o csv read "$first" | cmp - csv || fail "the link was replaced"
nfm export "$first" --format csv -w /dev/full 2>error && fail "wrote to a full device"
[ -c /dev/full ] || fail "the device was replaced"

# failures: STATUS WORD-OF-THE-ERROR ARGUMENT…
refused() {
	echo untouched >target
	nfm export "${@:3}" >printed 2>error
	[ $? = "$1" ] || fail "status is not $1: ${*:3}"
	grep -q -- "$2" error || fail "${*:3}: $(cat error)"
	[ "$1" = 2 ] || [ "$(wc -l <error)" = 1 ] || fail "${*:3}: not one line: $(cat error)"
	[ "$(cat target)" = untouched ] || fail "${*:3}: the file is not what it was"
	[ ! -s printed ] || fail "${*:3}: printed something"
	[ -z "$(find . -maxdepth 2 -name '.*' -type f)" ] || fail "${*:3}: left something behind"
}
head -c 200 "$first" >nfmeter.202611221200
cp "$first" renamed
for format in nfdump csv json; do
	refused 1 nfmeter.202611221200 nfmeter.202611221200 --format "$format" -w target
	refused 1 missing missing --format "$format" -w target
	refused 1 nowhere "$first" --format "$format" -w nowhere/target
	refused 2 '-w OUT' "$first" --format "$format"
	refused 2 snapshot --format "$format" -w target
done
refused 1 nfmeter.202611221200 "$first" nfmeter.202611221200 --format json -w target
refused 1 folder "$first" "${all[-1]}" --format nfdump -w target
refused 1 'like a snapshot' renamed --format nfdump -w out
refused 1 'second of this name' "$first" "$first" --format nfdump -w out
refused 1 'is a folder' "$first" --format csv -w out
refused 2 formats "$first" --format pcap -w target
refused 2 zstd "$first" --format nfdump --compress gzip -w target
refused 2 --compress "$first" --format csv --compress lz4 -w target
refused 2 -w "$first" --format nfdump -w -
refused 2 --format "$first" -w target
