#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The agent expires after each rotation, oldest first, by size; foreign files stay; a wrong limit is
# refused at start.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
mkdir "$LAB/state"
# five old intervals of 8 KiB each, and strangers
for minute in 00 05 10 15 20; do
	head -c 8192 /dev/urandom >"$LAB/state/nfmeter.2020010100$minute"
done
head -c 65536 /dev/urandom >"$LAB/state/precious.bin"
head -c 8192 /dev/urandom >"$LAB/state/nfmeter.conf.old"

oldest_gone() {
	[ ! -e "$LAB/state/nfmeter.202001010000" ]
}

configure interval=1 expire.size=40K expire.lifetime= expire.watermark=60
agent_start
send --datagrams 10
wait_for 10 oldest_gone
agent_stop
[ ! -e "$LAB/state/nfmeter.202001010005" ] || fail "the watermark was not reached"
[ -e "$LAB/state/nfmeter.202001010020" ] || fail "a newer file went before an older one"
[ -e "$LAB/state/precious.bin" ] && [ -e "$LAB/state/nfmeter.conf.old" ] ||
	fail "a foreign file went"
snapshots | grep -v '/nfmeter\.2020' | grep -q . || fail "the newest went"

# other kinds, in sub-folders, too, by their age; an agent that runs does the same as the command
mkdir -p "$LAB/state/router/2020" "$LAB/state/rollup" "$LAB/state/keep"
day=$(date -d '100 days ago' +%Y%m%d)
old=(router/2020/nfmeter.202001010000 nfcapd.202001010000 router/nfcapd.20200101000100
	"rollup/samples.$day")
kept=(nfcapd.current.4711 "rollup/hours.$day" "rollup/days.$day" keep/nfmeter.log
	"nfcapd.$(date +%Y%m%d%H%M)")
for name in "${old[@]}" "${kept[@]}"; do
	head -c 4096 /dev/urandom >"$LAB/state/$name"
done
others_gone() {
	local name

	for name in "${old[@]}"; do
		[ ! -e "$LAB/state/$name" ] || return
	done
	[ ! -e "$LAB/state/router" ]
}
configure expire.size= expire.lifetime=31d
mkdir "$LAB/aside"
mv "$LAB"/state/nfmeter.2020* "$LAB/aside" # for the command, below
agent_start
wait_for 10 others_gone
agent_stop
mv "$LAB"/aside/* "$LAB/state"
for name in "${kept[@]}"; do
	[ -e "$LAB/state/$name" ] || fail "$name went"
done
logged 'expired files=[0-9]+ bytes=' || fail "the log says nothing of it"

# the configured limits are of its own folder, however that is written, and of no other
nfm -o json expire "$LAB/run/../state/" -n | jq -e '.files_gone >= 1' >/dev/null ||
	fail "its own folder has no limit"
nfm expire "$LAB/aside" -n 2>"$LAB/error"
[ $? = 2 ] && grep -q 'give -s SIZE or -t LIFETIME' "$LAB/error" || fail "another one has"

nfm expire "$LAB/state" -t 31d -n >/dev/null || fail "expire -n"
[ -e "$LAB/state/nfmeter.202001010020" ] || fail "the dry run removed a file"
nfm expire "$LAB/state" -t 31d >/dev/null || fail "expire"
snapshots | grep -q '/nfmeter\.2020' && fail "lifetime did not take the old files"

for wrong in size=99999999999T size=10X lifetime=1d1d lifetime=soon; do
	configure "expire.${wrong%%=*}=${wrong#*=}"
	nfm run 2>"$LAB/error" && fail "started with $wrong"
	grep -q 'nfmeter.conf:[0-9]' "$LAB/error" ||
		fail "$wrong: no file:line: $(cat "$LAB/error")"
	configure expire.size=40K expire.lifetime=
done
