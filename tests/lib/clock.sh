# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A wall clock for the agent alone, and its time zone; to be sourced behind lab.sh, used behind
# lab_open.
#
#   clock_open [ZONE]   from now on the agent and the CLI have a clock of their own, in ZONE
#   clock_set SECONDS   so far is it ahead of the machine's
#   clock_at TIME       what date(1) understands, in that zone: it is that now
#   files               nfmeter's files as [{file, epoch, from, to, bytes}…] by epoch; seconds
#   no_epoch_twice      each interval has one file, and none is missing

clock_open() { # [ZONE]
	[ -e "$BUILD/clock_shift.so" ] || fail "clock_shift.so is not built"
	export TZ=${1:-UTC}
	clock_set 0
	RUN_AS=(env "LD_PRELOAD=$BUILD/clock_shift.so" "NFM_TEST_CLOCK=$LAB/clock")
}

clock_set() { # SECONDS
	CLOCK_SHIFT=$1
	echo "$1" >"$LAB/clock.new"
	mv "$LAB/clock.new" "$LAB/clock"
}

clock_at() { # TIME
	local at

	at=$(date -d "$1" +%s) || fail "no time: $1"
	clock_set $((at - $(date +%s)))
}

clock_now() {
	echo $(($(date +%s) + CLOCK_SHIFT))
}

# In UTC: the fromdate of some jq would take the times for local ones.
files() {
	local file

	for file in $(snapshots); do
		"$NFMETER" -o json read "$file" || fail "read $file"
	done | TZ=UTC jq -s 'map(if type == "array" then .[0] else . end) | sort_by(.epoch)
		| map({file: (.file | split("/") | last), epoch, bytes: .total.bytes,
			from: (.from | fromdate), to: (.to | fromdate)})'
}

files_meet() { # JQ-CONDITION WHAT-ELSE
	files >"$LAB/files"
	jq -e "$1" "$LAB/files" >/dev/null || fail "$2: $(jq -c '.[]' "$LAB/files")"
}

no_epoch_twice() {
	files_meet '[range(1; length) as $i | .[$i].epoch == .[$i - 1].epoch + 1] | all' \
		"an interval is missing or twice"
	files_meet 'length == (map(.file) | unique | length)' "a name is there twice"
}

# Each begins where the one before ended, but for what intervals_step allows.
intervals_join() {
	files_meet '[range(1; length) as $i | .[$i].from == .[$i - 1].to] | all' \
		"intervals do not join"
}

# COUNT of them begin SECONDS (more or less one) from where the one before ended.
intervals_step() { # COUNT SECONDS
	files_meet "[range(1; length) as \$i | .[\$i].from - .[\$i - 1].to
		| select(. >= $2 - 1 and . <= $2 + 1)] | length == $1" "not $1 step of $2 s"
}
