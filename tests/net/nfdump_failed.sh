#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Files of another collector that stand where ours would are left alone. An nfdump file that is not
# written holds up no rotation: it is told once, `status` shows it as long as it is so, and `export`
# makes the file later.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/nfdump.sh"
lab_open
customers alice=10.0.0.0/24
mkdir "$LAB/state"
now=$(date +%s)
for ((at = now; at < now + 120; at++)); do # the names of the next minutes
	echo foreign >"$LAB/state/nfcapd.$(date -d "@$at" +%Y%m%d%H%M%S)"
	echo foreign >"$LAB/state/nfcapd.$(date -d "@$at" +%Y%m%d%H%M)"
done
configure interval=1 nfdump=yes hook="echo %t%c >>$LAB/handed"
agent_start
send --datagrams 100
wait_for 20 snapshots_at_least 4
json '.snapshot.nfdump_error | contains("nfcapd.20")' status || fail "status does not tell"
json '.snapshot.error == null and .snapshot.epoch >= 3' status || fail "rotation"
[ "$(grep -c "another collector's" "$LAB/agent.log")" = 1 ] || fail "not told once"
find "$LAB/state" -name '.*' -type f | grep . && fail "temporary files are left"
[ "$(sort -u "$LAB"/state/nfcapd.*)" = foreign ] || fail "wrote over another collector's file"
grep nfcapd "$LAB/handed" && fail "the hook got a foreign file"
rm "$LAB"/state/nfcapd.*

nfcapd_there() {
	[ -n "$(nfcapd_files)" ]
}

wait_for 20 nfcapd_there
wait_for 20 json '.snapshot.nfdump_error == null' status
check_counts
agent_stop
check_snapshots
[ "$(wc -l <"$LAB/handed")" = "$(snapshots | wc -l)" ] || fail "the hook missed some"
mapfile -t all < <(snapshots)
mkdir "$LAB/later"
nfm export "${all[@]}" --format nfdump -w "$LAB/later" || fail "export"
check_nfdump "${all[@]}" -- -R "$LAB/later"
