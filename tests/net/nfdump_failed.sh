#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An nfdump file that cannot be written holds up no rotation: it is told once, `status` shows it as
# long as it is so, and `export` makes the file later.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/nfdump.sh"
lab_open
customers alice=10.0.0.0/24
# folders where the files of the next minutes would stand
now=$(date +%s)
for ((at = now; at < now + 120; at++)); do
	mkdir -p "$LAB/state/nfcapd.$(date -d "@$at" +%Y%m%d%H%M%S)" \
		"$LAB/state/nfcapd.$(date -d "@$at" +%Y%m%d%H%M)"
done
configure interval=1 nfdump=yes hook="echo %t >>$LAB/handed"
agent_start
send --datagrams 100
wait_for 20 snapshots_at_least 4
json '.snapshot.nfdump_error | contains("nfcapd.20")' status || fail "status does not tell"
json '.snapshot.error == null and .snapshot.epoch >= 3' status || fail "rotation"
[ "$(grep -c 'cannot write the nfdump file' "$LAB/agent.log")" = 1 ] || fail "not told once"
find "$LAB/state" -name '.*' -type f | grep . && fail "temporary files are left"
rmdir "$LAB"/state/nfcapd.*

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
