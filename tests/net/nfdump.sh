#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nfdump reads the files beside the snapshots: upload and download of each customer by its own
# aggregations, and their totals, are what was sent. The hook gets each file, as scripts of
# nfcapd -x do.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/nfdump.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24 "carol=10.0.2.0/23 172.16.0.0/12" dora=2001:db8:7::/48
cat >"$LAB/hook" <<END
#!/bin/sh
nfdump -q -N -r "\$1" -o 'fmt:%byt' >>"$LAB/handed.bytes"
echo "\$1" >>"$LAB/handed"
END
chmod +x "$LAB/hook"
configure interval=1 nfdump=yes hook="$LAB/hook %c"
agent_start
for options in "" "--version 9 --layout ros7,ros7v6" "--version 9 --layout ros7v6"; do
	# shellcheck disable=SC2086 # several
	send --datagrams 500 $options
	wait_for 10 snapshots_at_least $(($(snapshots | wc -l) + 1)) # the next in another file
done
check_counts
agent_stop
check_snapshots

# a file for each snapshot, which is its own; the hook got each, in order, and could read it
snapshots | sed 's|/nfmeter\.|/nfcapd.|' >"$LAB/wanted"
nfcapd_files | diff "$LAB/wanted" - || fail "not a file for each snapshot"
diff "$LAB/wanted" "$LAB/handed" || fail "the hook did not get each file, in order"
busy=()
for file in $(snapshots); do
	json '.total.bytes > 0' read "$file" || continue
	busy+=("$file")
	check_nfdump "$file" -- -r "${file/nfmeter./nfcapd.}"
done
((${#busy[@]} >= 3)) || fail "traffic in too few intervals: ${busy[*]}"

# all of them, whatever lies beside them; their sum is what was sent, local records twice
mapfile -t all < <(snapshots)
check_nfdump "${all[@]}" -- -R "$LAB/state"
check_nfdump "${busy[@]:0:2}" -- \
	-R "${busy[0]/nfmeter./nfcapd.}:$(basename "${busy[1]/nfmeter./nfcapd.}")"
sum() {
	awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}
sent_bytes=$(sent_files | jq '.total.bytes + .local.bytes')
[ "$(sum <"$LAB/handed.bytes")" = "$sent_bytes" ] || fail "the hook's files hold other bytes"

# other outputs, and the statistics, of one file
file=${busy[1]} capture=${busy[1]/nfmeter./nfcapd.}
bytes=$(nfm -o json read "$file" | jq '.total.bytes + .local.bytes')
flows=$(nfm -o json read "$file" | jq '.total.flows + .local.flows')
column() { # NAME: its values in CSV on stdin
	awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
		/^$|^Summary/ { exit }
		{ print $at }'
}
[ "$(nfdump -r "$capture" -o csv | column ibyt | sum)" = "$bytes" ] || fail "-o csv"
[ "$(nfdump -r "$capture" -o json | jq 'map(.in_bytes) | add')" = "$bytes" ] || fail "-o json"
[ "$(nfdump -r "$capture" -o json | jq 'map(.aggr_flows) | add')" = "$flows" ] ||
	fail "-o json: flows"
[ "$(nfdump -r "$capture" -s srcip/bytes -n 0 -o csv | column byt | sum)" = "$bytes" ] ||
	fail "-s srcip/bytes"
nfdump -r "$capture" -I >"$LAB/statistics"
grep -qx "Bytes: $bytes" "$LAB/statistics" && grep -qx "Flows: $flows" "$LAB/statistics" &&
	grep -qx 'Ident: nfmeter' "$LAB/statistics" || fail "-I: $(cat "$LAB/statistics")"

unix_s() { # of a time in the snapshot
	date -d "$(nfm -o json read "$file" | jq -r "$1")" +%s
}
statistic_ms() { # First or Last
	echo $(($(sed -n "s/^$1: //p" "$LAB/statistics") * 1000 +
		10#$(sed -n "s/^msec_${1,}: //p" "$LAB/statistics")))
}
[ $(($(statistic_ms First) / 1000)) = "$(unix_s .from)" ] &&
	[ $((($(statistic_ms Last) + 1) / 1000)) = "$(unix_s .to)" ] ||
	fail "-I: not the interval's times: $(cat "$LAB/statistics")"

# a window of time: what began in it and was over in it
at() { # SNAPSHOT, SECONDS more than the second in which it began
	date -d "$(nfm -o json read "$1" | jq -r .from) + $2 seconds" +%Y/%m/%d.%H:%M:%S
}
file=${busy[-1]}
check_nfdump "$file" -- -R "$LAB/state" -t "$(at "$file" 0)-$(at "$file" 600)"
for from in -1200 600; do
	window=$(at "$file" "$from")-$(at "$file" $((from + 300)))
	[ -z "$(nfdump_by src -R "$LAB/state" -t "$window")" ] || fail "traffic in $window"
done
[ -z "$(nfdump_by src -r "${file/nfmeter./nfcapd.}" -t "$(at "$file" -9)-$(at "$file" 0)")" ] ||
	fail "an interval that goes on behind the window"
