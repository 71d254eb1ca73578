# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Scenarios with more than one build of nfmeter (see OTHERS in the Makefile); behind lab.sh.
#
#   build_use ours|other|other-abi|other-broken   what agent_start and nfm run from now on
#   start_refused PATTERN            the agent does not start, and its error matches
#   maps_of NIC                      ids of its program's maps but .rodata, on one line
#   pinned_program                   id of the program that is pinned
#   counts_by_this_build NIC…         it is pinned and attached, on the maps that $MAPS says

BPFTOOL=$(command -v bpftool || echo /usr/sbin/bpftool)

build_use() {
	case "$1" in
	ours) NFMETER=$BUILD/nfmeter ;;
	*) NFMETER=$BUILD/$1/nfmeter ;;
	esac
	[ -x "$NFMETER" ] || fail "$NFMETER is not built: make tests"
}

maps_of() {
	local id

	for id in $("$BPFTOOL" -j prog show id "$(xdp_id "$1")" | jq '.map_ids[]'); do
		"$BPFTOOL" -j map show id "$id" | jq -r 'select(.name | endswith(".rodata") | not) |
			"\(.name)=\(.id)"'
	done | sort | tr '\n' ' '
}

pinned_program() {
	"$BPFTOOL" -j prog show pinned "$PIN/program" | jq .id
}

counts_by_this_build() { # NIC…
	local nic build

	build=$(nfm -o json version | jq .build)
	json ".datapath == {build: $build, current: true}" status ||
		fail "the table's program is not of this build: $(nfm status)"
	for nic in "$@"; do
		[ "$(xdp_id "$nic")" = "$(pinned_program)" ] || fail "$nic: not what is pinned"
		[ "$(maps_of "$nic")" = "$MAPS" ] ||
			fail "$nic: other maps: $(maps_of "$nic"), were $MAPS"
	done
	[ -z "$(find "$PIN" -name '*_new')" ] || fail "half-made pins: $(ls "$PIN")"
}

start_refused() { # PATTERN
	local status

	timeout 20 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$CONF" run 2>"$LAB/error"
	status=$?
	[ "$status" = 1 ] || fail "the agent ended with $status: $(cat "$LAB/error")"
	grep -qE "$1" "$LAB/error" || fail "no $1 in what it said: $(cat "$LAB/error")"
}
