#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Changes by the API: what the document says of bodies and answers, who may, what is refused, and
# that the next answer knows of it.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
lab_open
customers alice=10.0.0.0/24
configure interval=300
token=$(token admin boss)
api_start
HEADER=(-H "Authorization: Bearer $token")

schema_check() { # NAME FILE: of the document's schemas
	"$PYTHON" - "$1" "$2" "$ROOT/docs/openapi.json" <<-'END' || fail "$1: $(cat "$2")"
		import json, sys
		import jsonschema
		name, path, document = sys.argv[1:]
		components = json.load(open(document))["components"]
		jsonschema.validate(json.load(open(path)), {
		    "$ref": f"#/components/schemas/{name}", "components": components})
	END
}

# STATUS METHOD PATH [BODY [SCHEMA-OF-BODY SCHEMA-OF-ANSWER]]; a new server may just be starting
change() {
	until answered=$(status "$3" -X "$2" "${HEADER[@]}" ${4:+-d "$4"} -o "$LAB/answer"); do
		sleep "$POLL"
	done
	[ "$answered" = "$1" ] || fail "$2 $3 $4: $answered, not $1: $(cat "$LAB/answer")"
	[ "$1" != 400 ] || jq -e '.error | length > 5' "$LAB/answer" >/dev/null || fail "$3 $4"
	if [ -n "${5:-}" ]; then
		echo "$4" >"$LAB/body"
		schema_check "$5" "$LAB/body"
	fi
	[ -z "${6:-}" ] || schema_check "$6" "$LAB/answer"
}
becomes() { # JQ PATH
	api "$2" "${HEADER[@]}" 2>/dev/null | jq -e "$1" >/dev/null 2>&1
}

# ---- customers: the next answer has them ----
change 200 PUT /api/v1/customers/carol \
	'{"name":"Carol \"ä\"","prefixes":["10.9.0.0/24","2001:db8:9::/48"]}' \
	CustomersChange CustomersChanged
jq -e '.added == 1 and .listed == 2' "$LAB/answer" >/dev/null || fail "$(cat "$LAB/answer")"
becomes '.customers[] | select(.id == "carol") | .name == "Carol \"ä\"" and
	(.prefixes | length) == 2' /api/v1/show || fail "carol is not shown"
change 200 PUT /api/v1/customers/d%C3%A9%2Fx '{"prefixes":["10.8.0.0/24"]}'
becomes 'any(.customers[]; .id == "dé/x")' /api/v1/show || fail "an id of other letters"
change 200 DELETE /api/v1/customers/d%C3%A9%2Fx
change 200 DELETE /api/v1/customers/carol '' '' CustomersRemoved
becomes '[.customers[].id] == ["alice"]' /api/v1/show || fail "carol is still shown"
change 400 DELETE /api/v1/customers/carol
change 400 PUT /api/v1/customers/bob '{"prefixes":["10.0.0.0/24"]}' # alice's
change 400 PUT /api/v1/customers/bob '{"prefixes":["10.0.0.0/33"]}'
for body in '' '[]' '7' '{' '{}' '{"prefixes":[]}' '{"prefixes":"10.8.0.0/24"}' '{"prefixes":[1]}' \
	'{"id":"x","prefixes":["10.8.0.0/24"]}' '{"token":"x","prefixes":["10.8.0.0/24"]}' \
	'{"command":"status","prefixes":["10.8.0.0/24"]}' '{"name":7,"prefixes":["10.8.0.0/24"]}' \
	'{"prefixes":["10.8.0.0/24"]}{}' '{"nmae":"x","prefixes":["10.8.0.0/24"]}' \
	'{"prefixes":["10.8.0.0/24"],"name":"a\nb"}'; do
	change 400 PUT /api/v1/customers/bob "$body"
done
[ "$(wc -l <"$LAB/customers.csv")" = 2 ] || fail "the file: $(cat "$LAB/customers.csv")"

# ---- settings ----
interval='"section":"collector","key":"interval"'
change 200 PUT /api/v1/settings "{\"changes\":[{$interval,\"value\":\"60\"}]}" \
	SettingsChange SettingsChanged
jq -e '. == {applied: ["collector.interval"], pending: []}' "$LAB/answer" >/dev/null ||
	fail "$(cat "$LAB/answer")"
wait_for 10 becomes '.settings[] | select(.key == "interval") | .value == "60" and
	.origin == "drop-in"' /api/v1/config
change 200 PUT /api/v1/settings "{\"changes\":[{$interval,\"value\":null}]}" \
	SettingsChange SettingsChanged
for change in '"collector","key":"hook","value":"reboot"' '"http","key":"user","value":"root"' \
	'"collector","key":"interval","value":"never"' '"x","key":"y","value":"z"'; do
	change 400 PUT /api/v1/settings "{\"changes\":[{\"section\":$change}]}"
done

# ---- exporters ----
change 200 PUT /api/v1/exporters/core%2D9 \
	'{"addresses":["192.0.2.9"],"sampling":"64","nat":false}' \
	ExportersChange ExportersChanged
wait_for 10 becomes 'any(.exporters[]; .name == "core-9" and .sampling == "64" and .nat == false)' \
	/api/v1/config
change 400 PUT /api/v1/exporters/other '{"addresses":["192.0.2.9"]}' # core-9's
change 200 DELETE /api/v1/exporters/core-9 '' '' ExportersRemoved
change 400 DELETE /api/v1/exporters/router # of the operator's file
change 404 PUT /api/v1/exporters/ '{"addresses":["192.0.2.9"]}'
change 413 PUT /api/v1/settings "$(head -c 66000 /dev/zero | tr '\0' ' ')"
# what fits into a body, but not into a question to the agent
server=$(pgrep -P "$AGENT" -f ' http --channel')
change 413 PUT /api/v1/customers/bob "{\"prefixes\":[\"$(head -c 65500 /dev/zero | tr '\0' x)\"]}"
kill -0 "$server" || fail "the server ended"
json '.agent.running and .http.restarts == 0' status || fail "$(nfm -o json status)"
