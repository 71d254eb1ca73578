#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What was set is there after a restart, what is wrong changes nothing: neither the file nor the
# agent; what cannot change live says so until the next start.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
nfm config set collector.interval 60 >/dev/null || fail "set"
cp "$CONF.d/settings.conf" "$LAB/before"

refused() { # KEY VALUE TEXT
	nfm config set "$1" "$2" 2>"$LAB/error" && fail "taken: $1 $2"
	grep -q -- "$3" "$LAB/error" || fail "$1 $2: $(cat "$LAB/error")"
	is_same_file "$LAB/before" "$CONF.d/settings.conf" || fail "$1 $2: the file changed"
}
refused collector.interval 0 'out of range'
refused collector.port '9995 x' '"x" is wrong'
refused collector.nothing 1 'no such setting'
refused http.certificate /nowhere 'go together'
refused collector.hook "$(printf 'a\nb')" 'control characters'
sink_start "$NS_COLLECTOR" "$COLLECTOR" 2055 "$LAB/other"
refused collector.port '9995 2055' 'Address already in use'
send --datagrams 50
check_counts

nfm -o json config set collector.capacity 2048 | jq -e '.pending == ["collector.capacity"]' \
	>/dev/null || fail "capacity is not pending"
json '.pending == ["collector.capacity"]' status || fail "status does not tell"
json '.pending == ["collector.capacity"] and .drop_in == "'"$CONF"'.d/settings.conf" and
	any(.settings[]; .section == "collector" and .key == "interval" and .value == "60" and
	.origin == "drop-in" and .live)' config || fail "config: $(nfm -o json config)"
agent_stop
agent_start
json '.pending == []' status || fail "pending after a start"
nfm config set expire.watermark 50 >/dev/null || fail "set after a restart"
kill -HUP "$AGENT" # and a reload changes nothing of it
send --datagrams 50
check_counts
nfm config reset collector.interval >/dev/null || fail "reset"
logged 'collector.interval was "60", is now "300"' || fail "not back to the default"
logged 'settings: root \(control.sock\) set collector.interval from "60" to "300"' ||
	fail "not in the log"
agent_stop
nfm config set collector.interval 30 >/dev/null || fail "set without an agent"
nfm config set collector.interval 30s 2>/dev/null && fail "taken without an agent"
agent_start
logged 'interval 30 s' || fail "not taken at the start"
