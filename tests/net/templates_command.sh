#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `templates`: every template with its fields and who decodes it, with and without an agent, in
# every format.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
json '. == []' templates || fail "templates before there are any"
agent_start
send --version 9 --layout ros7,ros7v6 --engine 3 --datagrams 10
send --version 10 --layout vendor --engine 4000000000 --datagrams 10
send --version 10 --layout varlen --engine 5 --options-sampling 10 --datagrams 10
check_counts
all_there() {
	json "[.[] | [.exporter, .domain, .version, .id, .where]] | sort == [
		[\"$ROUTER\", 3, 9, 256, \"kernel\"], [\"$ROUTER\", 3, 9, 257, \"kernel\"],
		[\"$ROUTER\", 5, 10, 262, \"agent\"], [\"$ROUTER\", 5, 10, 999, \"agent\"],
		[\"$ROUTER\", 4000000000, 10, 264, \"kernel\"]]" templates
}
wait_for 20 all_there
json '.[] | select(.id == 256) | [.fields[0, 3, 21] | [.id, .enterprise, .length, .name]] == [
	[21, 0, 4, "flowEndSysUpTime"], [1, 0, 4, "octetDeltaCount"],
	[226, 0, 4, "postNATDestinationIPv4Address"]]
	and (.fields | length) == 24 and .age_seconds < 60' templates ||
		fail "fields: $(nfm -o json templates)"
json '.[] | select(.id == 264) | .fields[0] | .enterprise == 14988 and .id == 1 and .length == 4 and
	.name != "octetDeltaCount"' templates || fail "a vendor's field is taken for IANA's"
json '.[] | select(.id == 999) | .options' templates || fail "options template"
json 'length == 5' templates router || fail "by the exporter's name"
json 'length == 5' templates "$ROUTER" || fail "by its address"
nfm templates nobody 2>"$LAB/error" && fail "templates of an unknown exporter"
[ "$(wc -l <"$LAB/error")" = 1 ] || fail "not one line: $(cat "$LAB/error")"
[ "$(nfm -o csv templates | wc -l)" = 6 ] || fail "csv: $(nfm -o csv templates)"
nfm templates -v | grep -q flowEndSysUpTime || fail "-v: $(nfm templates -v)"
agent_stop
all_there || fail "without an agent: $(nfm -o json templates)"
