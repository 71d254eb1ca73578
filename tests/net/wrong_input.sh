#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What is wrong on the wire is counted under its reason, in the kernel and in the agent, and changes
# no customer's number.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
wrong() { # KIND REASON OPTION…
	send --datagrams 20 --bad "$1" "${@:3}"
	expected[$2]=$((${expected[$2]:-0} + $(sent .bad)))
}

round() { # OPTION…
	declare -gA expected=()
	rm -f "$LAB"/sent/*
	send --datagrams 50 "$@"
	wrong nothing short "$@"
	for version in 1 5 7; do
		wrong short short --version "$version" "$@"
		wrong empty empty --version "$version" --records 28 "$@"
		wrong truncated truncated --version "$version" --records 28 "$@"
		wrong truncated truncated --version "$version" --records 1 "$@"
		wrong count count --version "$version" --records 28 "$@"
	done
	for version in 9 10; do
		wrong short short --version "$version" "$@"
		wrong set set-length --version "$version" "$@"
		wrong template bad-template --version "$version" "$@"
		wrong data bad-data --version "$version" --template-in-data yes \
			--template-every 1 "$@"
		wrong version version --version "$version" "$@"
		wrong garbage version --version "$version" "$@"
	done
	wrong truncated set-length --version 9 --template-in-data yes "$@"
	wrong truncated truncated --version 10 --template-in-data yes "$@"
	wrong version version "$@"
	wrong garbage version "$@"
	check_counts
	for reason in "${!expected[@]}"; do
		json ".reasons[\"$reason\"] == ${expected[$reason]}" status ||
			fail "$reason is not ${expected[$reason]}: $(nfm -o json status |
				jq -c .reasons)"
	done
	json '. == []' templates || fail "learned from a wrong datagram: $(nfm templates)"
}

round
json '.datagrams.kernel == 50' status || fail "not in the kernel"
agent_stop
nfm detach c0 || fail detach
configure xdp=off
agent_start
round --rate 2000
agent_stop
lines=$(wc -l <"$LAB/agent.log")
((lines < 120)) || fail "$lines lines in the log for a few hundred wrong datagrams"
