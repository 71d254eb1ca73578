# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Disks for laboratories: the state folder as a small file system of its own. To be sourced behind
# lab.sh, used behind lab_open.
#
#   disk_mount BYTES      a tmpfs on $LAB/state; goes before the laboratory does
#   disk_fill, disk_free  all of its room taken, and given back
#   disk_lock, disk_unlock  nothing can be made in it, and again
#   cannot_write PATTERN  `status` and the log say so, and what to do

disk_mount() { # BYTES
	mkdir -p "$LAB/state"
	mount -t tmpfs -o "size=$1,mode=755" nfm-lab "$LAB/state" || fail "no tmpfs"
	trap 'disk_close' EXIT
}

# The agent may hold files there: it goes from the tree now, and altogether with the agent.
disk_close() {
	local status=$?

	while mountpoint -q "$LAB/state" && umount -l "$LAB/state"; do :; done
	(exit "$status")
	lab_close
}

disk_fill() {
	head -c 1G /dev/zero >"$LAB/state/filler" 2>/dev/null && fail "the disk cannot be filled"
	[ "$(stat -f -c %a "$LAB/state")" = 0 ] || fail "the disk is not full"
}

disk_free() {
	rm "$LAB/state/filler"
}

# A second mount over the first, which has a file open for writing and cannot be changed.
disk_lock() {
	mount --bind "$LAB/state" "$LAB/state" && mount -o remount,bind,ro "$LAB/state" ||
		fail "cannot mount read-only"
}

disk_unlock() {
	umount "$LAB/state" || fail "cannot unmount"
}

cannot_write() { # PATTERN
	nfm -o json status | jq -r '.snapshot.error // ""' | grep -qE "$1" &&
		nfm status | grep -qE "counting goes on: .*($1)" &&
		logged "rotation failed, .*($1)"
}

can_write() {
	json '.snapshot.error == null' status
}

seconds_from() { # UNIX-SECONDS SECONDS: so long ago it was
	[ "$(date +%s)" -ge "$(($1 + $2))" ]
}

# What `read` says of every file, in their order: [{name, from, to, merged, datagrams}…], times in
# seconds.
intervals() {
	local file

	for file in $(snapshots); do
		"$NFMETER" -o json read "$file" || fail "read $file"
	done | TZ=UTC jq -s 'map(if type == "array" then .[0] else . end) | sort_by(.epoch)
		| map({file, epoch, merged, total, length: ((.to | fromdate) - (.from | fromdate)),
			from: (.from | fromdate), to: (.to | fromdate)})'
}
