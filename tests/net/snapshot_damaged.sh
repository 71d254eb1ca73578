#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A damaged, cut or foreign file is refused with a message and never read as zeros.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
send --datagrams 100
check_counts
agent_stop
file=$(snapshots | head -n 1)
[ -n "$file" ] || fail "no final snapshot"
check_snapshots

refused() { # WHAT FILE
	nfm -o json read "$2" >"$LAB/out" 2>"$LAB/error" && fail "$1 was read"
	[ ! -s "$LAB/out" ] || fail "$1: something was printed: $(cat "$LAB/out")"
	grep -qF "$2" "$LAB/error" ||
		fail "$1: the message does not name the file: $(cat "$LAB/error")"
}

size=$(stat -c %s "$file")
for at in 0 9 40 $((size / 2)) $((size - 1)); do
	cp "$file" "$LAB/damaged"
	byte=$(od -An -tu1 -j "$at" -N 1 "$file" | tr -d ' ')
	printf "\\x$(printf %x $((byte ^ 16)))" |
		dd of="$LAB/damaged" bs=1 seek="$at" conv=notrunc status=none
	refused "a flipped bit in byte $at" "$LAB/damaged"
done
for keep in 0 1 100 $((size - 1)); do
	head -c "$keep" "$file" >"$LAB/cut"
	refused "a file cut to $keep bytes" "$LAB/cut"
done
head -c "$size" /dev/zero >"$LAB/zeros"
refused "zeros" "$LAB/zeros"
refused "a missing file" "$LAB/missing"
