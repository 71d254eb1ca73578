#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The server has no rights that somebody who takes it over could use, and counting does not need it:
# neither when it is killed nor while it stands still.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24
configure interval=2
token=$(token admin boss)
api_start

line() { # NAME: of /proc/PID/status
	sed -n "s/^$1:[ \t]*//p" "/proc/$SERVER/status"
}
is() { # NAME VALUE
	[ "$(line "$1" | tr -s ' \t' ' ')" = "$2" ] || fail "$1 is $(line "$1"), not $2"
}
uid=$(id -u nobody) gid=$(id -g nobody)
is Uid "$uid $uid $uid $uid"
is Gid "$gid $gid $gid $gid"
[ -z "$(line Groups | tr -d ' ')" ] || fail "groups: $(line Groups)"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	is $set 0000000000000000
done
is NoNewPrivs 1
is Seccomp 2
for task in /proc/"$SERVER"/task/*; do
	grep -q '^Seccomp:.2$' "$task/status" && grep -q '^CapEff:.0*$' "$task/status" ||
		fail "a thread has more rights: $(cat "$task/status")"
done
grep -q 'Max core file size *0 *0' "/proc/$SERVER/limits" || fail "it may leave a core"

# it can write nothing of ours, and read no secret; what it maps of the table is read-only
runuser=(setpriv --reuid nobody --regid nogroup --clear-groups)
for path in "$LAB/state" "$LAB/run" "$CONF" "$LAB/customers.csv" "$LAB/tokens"; do
	"${runuser[@]}" test ! -w "$path" || fail "nobody may write to $path"
done
"${runuser[@]}" test ! -r "$LAB/tokens" || fail "nobody may read tokens"
! grep -E '^[0-9a-f-]+ .w.s .*(bpf|nfm)' "/proc/$SERVER/maps" || fail "it may write to the table"
for fd in /proc/"$SERVER"/fd/*; do
	target=$(readlink "$fd") || continue
	case $target in
	"$LAB"/*.log | pipe:* | socket:* | anon_inode:* | /dev/null) ;;
	*) fail "it has open: $target" ;;
	esac
done
# yet it answers with a file of tokens that it cannot read any more
answers 401 /api/v1/show
answers 200 /api/v1/show -H "Authorization: Bearer $token"
answers 200 /api/v1/snapshots -H "Authorization: Bearer $token"

# ---- counting does not need it ----
send_start --datagrams 3000 --rate 3000
kill -STOP "$SERVER"
send_wait
check_counts
kill -CONT "$SERVER"
wait_for 10 answers 200 /api/v1/status -H "Authorization: Bearer $token"
send_start --datagrams 3000 --rate 3000
killed=$SERVER
kill -KILL "$killed"
send_wait
check_counts
before=$(snapshots | wc -l)
wait_for 10 snapshots_at_least $((before + 1))
another_runs() {
	api_is_up && [ "$SERVER" != "$killed" ]
}
wait_for 10 another_runs # by the agent
[ "$(grep -cE '^<[0-4]>' "$LAB/agent.log")" = 1 ] && logged 'http: ended by signal 9' ||
	fail "the agent complains of something else, or not of that"
api /api/v1/show -H "Authorization: Bearer $token" >"$LAB/answer"
found=$(differences "$LAB/sent.sum" "$LAB/answer")
[ -z "$found" ] || fail "the next server says other counts: $found"
