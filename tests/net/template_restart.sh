#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Templates outlive the agent, and the table: data alone are decoded at once after kill -9, and
# after a reboot that leaves nothing but the folder.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
first=(--version 9 --layout ros7)
second=(--version 10 --layout varlen)
data_only=(--template-first no --template-every 0)
agent_start
send "${first[@]}" --datagrams 20
send "${second[@]}" --datagrams 20
wait_for 20 json 'any(.[]; .where == "kernel")' templates

send_data() { # no template in it, nor behind it
	send_on 1 "${first[@]}" "${data_only[@]}" --datagrams 100
	send_on 2 "${second[@]}" "${data_only[@]}" --datagrams 20
	check_counts
	json '.waiting.sets == 0' status || fail "they wait: $(nfm -o json status)"
}

send_data
agent_stop KILL
send_on 1 "${first[@]}" "${data_only[@]}" --datagrams 100 # without an agent
agent_start
send_data
json '.[0].lost == 0' exporters || fail "loss where there was none"

agent_stop KILL
nfm detach c0 || fail "detach"
[ ! -e "$PIN/program" ] || fail "the table is still there"
rm -rf "$LAB/run"
# what was counted went with the table; the streams go on
kept=("$LAB/sent/${LAST_RUN[1]}.json" "$LAB/sent/${LAST_RUN[2]}.json")
mkdir "$LAB/before"
mv "$LAB"/sent/* "$LAB/before"
LAST_RUN=([1]=../before/$(basename "${kept[0]}" .json) [2]=../before/$(basename "${kept[1]}" .json))
agent_start
json 'length == 2' templates || fail "forgotten: $(nfm templates)"
send_data
wait_for 20 json 'any(.[]; .where == "kernel")' templates
before=$(nfm -o json status | jq .datagrams.kernel)
send_data
kernel_share 80 120 "$before"
