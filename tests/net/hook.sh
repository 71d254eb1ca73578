#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One run per snapshot, in order, after the rename; a slow or failing hook delays nothing.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
cat >"$LAB/hook" <<END
#!/bin/sh
# the first run waits until it is told to go on; the second fails
[ -s "\$1" ] || exit 9
echo "\$1" >>"$LAB/handed"
lines=\$(wc -l <"$LAB/handed")
if [ "\$lines" = 1 ]; then
	until [ -e "$LAB/go" ]; do sleep "$POLL"; done
fi
[ "\$lines" != 2 ]
END
chmod +x "$LAB/hook"
configure interval=1 hook="$LAB/hook %f"
agent_start
send_start --datagrams 9000 --rate 3000
wait_for 10 snapshots_at_least 3
[ "$(wc -l <"$LAB/handed")" = 1 ] || fail "the next run did not wait for the one before it"
json '.agent.running' status || fail "status waits for the hook"
touch "$LAB/go"

all_handed() {
	[ "$(wc -l <"$LAB/handed")" -ge "$1" ]
}

wait_for 10 all_handed 4
send_wait
check_counts
wait_for 10 logged '[Hh]ook'
before=$(snapshots | wc -l)
wait_for 10 all_handed "$before"
agent_stop
check_snapshots
sort "$LAB/handed" | uniq -d | grep . && fail "handed over twice"
head -n "$before" "$LAB/handed" >"$LAB/handed.first"
snapshots | head -n "$before" | diff - "$LAB/handed.first" || fail "not in order, or not all"
