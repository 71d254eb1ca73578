#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A reboot: pins and program are gone, and with them the table; in socket mode its file. The files
# of the old table stay as they are, the new table begins its own, also where both are of the same
# minute, and together they hold what was sent. A file that was written and not committed is not
# taken for one of the new table's.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/crash.sh"
lab_open
crash_lab interval=3600 customers.auto=10.5.0.0/16
CUSTOMERS=$LISTED,${HOSTS%%,10.5.1.*}

reboot() { # what the machine forgets
	rm -rf "$PIN" "$LAB/run"
	ip -n "$NS_COLLECTOR" link set dev c0 xdp off
}

identity() { # FILE
	od -An -v -tx1 -j16 -N16 "$1" | tr -d ' \n'
}

known() { # content of the files so far
	snapshots | xargs -r sha256sum | sort
}

send_both() {
	send --records 10 --datagrams 40
	send --version 9 --layout varlen --datagrams 20
}

# One life of the machine: what it is sent shows, and stands in its file or files.
life() { # FILES
	local before

	before=$(known)
	agent_start
	send_both
	wait_received "$(sent '.sent' $((SENT_RUNS - 1)) | jq ". + $(sent .sent)")"
	json ".snapshot.epoch <= 2 and .snapshot.last == null" status ||
		fail "a new table goes on with an old one: $(nfm -o json status | jq -c .snapshot)"
	agent_stop
	reboot
	[ "$(comm -23 <(echo "$before") <(known))" = '' ] || fail "an old file was changed"
	[ "$(known | wc -l)" = "$1" ] || fail "not $1 files: $(known)"
}

for xdp in native off; do
	configure xdp="$xdp"
	rm -rf "$LAB/state" "$LAB/handed" "$LAB"/sent/*
	life 1
	life 2
	# the third life ends with a kill: its file is there, but was not committed
	agent_launch_faulty written
	wait_for 20 agent_is_up
	send_both
	wait_for 10 json '.datagrams.received >= 60 and .undecided == 0' status
	kill -TERM "$AGENT"
	wait_for 20 agent_is_gone
	agent_was_killed written
	reboot
	life 4
	check_snapshots
	[ "$(for file in $(snapshots); do identity "$file"; echo; done | sort -u | wc -l)" = 4 ] ||
		fail "not four tables"
	[ "$(jq -s '[.[] | if type == "array" then .[0] else . end | .epoch] | unique' -c \
		"$LAB"/read/*)" = '[2]' ] || fail "an epoch that is none of a new table's"
	# what passed between two lives is in no file
	jq -se 'map(if type == "array" then .[0] else . end) | sort_by(.from, .to)
		| [range(1; length) as $i | .[$i].from >= .[$i - 1].to] | all' \
		"$LAB"/read/* >/dev/null || fail "intervals overlap: $(jq -c '[.from, .to]' \
		"$LAB"/read/*)"
	# the hook has had the files of the three whose agents came to the end
	[ "$(sort -u "$LAB/handed" | wc -l) $(wc -l <"$LAB/handed")" = '3 3' ] ||
		fail "handed over: $(cat "$LAB/handed")"
done
