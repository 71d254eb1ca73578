#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The agent ends around the writing of an nfdump file, and in the middle of it: each committed
# snapshot has its file all the same, whole and once, and together they hold what was sent.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/nfdump.sh"
NFMETER=$BUILD/nfmeter-fault
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
configure interval=1 nfdump=yes
agent_start
agent_stop # the datapath goes on counting

ended() {
	! kill -0 "$AGENT" 2>/dev/null
}

each_has_its_file() {
	diff <(snapshots | sed 's|/nfmeter\.|/nfcapd.|') <(nfcapd_files)
}

# Whether the end left the newest snapshot without a file: before it was renamed, or after.
in_the_middle=0
for fault in file-renamed- written- nfdump- nfdump+300 nfdump+600 nfdump+900 nfdumped+ settling+ \
	settled+ committed+; do
	point=${fault%[+-]}
	send --datagrams 50
	NFM_FAULT=$point agent_launch
	wait_for 30 ended
	wait "$AGENT" 2>/dev/null
	logged "^fault: ${point%+*}\\+" || fail "the agent did not end at $point"
	each_has_its_file >/dev/null
	case $fault:$? in
	*-:0) fail "$point: the file was there before its time" ;;
	*+:1) fail "$point: the interval goes on without its file" ;;
	esac
	find "$LAB/state" -name '~nfmeter.tmp-*' | grep -q . && in_the_middle=$((in_the_middle + 1))
	: >"$LAB/agent.log"
	agent_start
	wait_for 10 snapshots_at_least $(($(snapshots | wc -l) + 1))
	agent_stop
	each_has_its_file >&2 || fail "$point: a file is missing, or too many"
done
echo "ended in the middle of a file: $in_the_middle"
((in_the_middle > 0)) || fail "no end came while a file was being written: it proves nothing"
find "$LAB/state" -name '.*' -type f | grep . && fail "temporary files are left"
check_counts
check_snapshots
mapfile -t all < <(snapshots)
check_nfdump "${all[@]}" -- -R "$LAB/state"
