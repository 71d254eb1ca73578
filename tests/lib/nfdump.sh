# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What nfdump makes of the files beside the snapshots, against what `nfmeter read` says of these.
# nfdump ends with 0 whatever it finds in a file: only numbers prove that it could read it.
#
#   nfcapd_files                         those in the state folder, in order
#   nfdump_by src|dst ARGUMENT…          lines "ADDRESS BYTES PACKETS FLOWS" of `nfdump ARGUMENT…`
#   wanted_by src|dst SNAPSHOT…          the same, from the snapshots
#   check_nfdump SNAPSHOT… -- ARGUMENT…  `nfdump ARGUMENT…` has what the snapshots have

nfcapd_files() {
	find "$LAB/state" -maxdepth 1 -name 'nfcapd.*' | sort
}

# An aggregation joins all that stands under 0.0.0.0 and ::, whatever family it is of.
nfdump_by() { # src|dst ARGUMENT…
	nfdump "${@:2}" -q -N -A "${1}ip" -o "fmt:%${1:0:1}a %byt %pkt %fl" |
		awk '/^No match/ { next }
			{ at = $1 == "0.0.0.0" || $1 == "::" ? "rest" : $1
				byte[at] += $2; packet[at] += $3; flow[at] += $4 }
			END { for (at in byte)
				printf "%s %.0f %.0f %.0f\n",
					at, byte[at], packet[at], flow[at] }' |
		sort
}

wanted_by() { # src|dst SNAPSHOT…
	"$NFMETER" -o json read "${@:2}" | jq -r --arg by "$1" '
		def line(at; count): {at: at, count: count};
		[(if type == "array" then .[] else . end)
			| (.customers[] | ((.prefixes[0] // "rest") | sub("/.*"; "")) as $at
				| line(if $by == "src" then $at else "rest" end; .up),
				  line(if $by == "dst" then $at else "rest" end; .down)),
			line("rest"; .unmatched)]
		| group_by(.at)[]
		| [.[0].at, ("bytes", "packets", "flows") as $unit | map(.count[$unit]) | add]
		| select(.[3] > 0) | [.[0], (.[1:][] | tostring)] | join(" ")' | sort
}

check_nfdump() { # SNAPSHOT… -- ARGUMENT…
	local by files=()

	while [ "$1" != -- ]; do
		files+=("$1")
		shift
	done
	for by in src dst; do
		wanted_by "$by" "${files[@]}" >"$LAB/by.wanted"
		nfdump_by "$by" "${@:2}" >"$LAB/by.found"
		diff "$LAB/by.wanted" "$LAB/by.found" >&2 || fail "nfdump ${*:2} -A ${by}ip"
	done
	[ -s "$LAB/by.wanted" ] || fail "nothing to compare: ${files[*]}"
}
