#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An exporter and a customer that are added to the running agent are counted at once, those that are
# removed no more; what is wrong, or another file's, is refused with a reason.
. "$(dirname "$0")/../lib/lab.sh"

ask() { # REQUEST: the agent's answer
	python3 - "$LAB/run/control.sock" "$1" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(sys.argv[2].encode() + b"\n")
		print(s.makefile().readline(), end="")
	END
}

granted() { # REQUEST
	ask "$1" >"$LAB/answer"
	jq -e .ok "$LAB/answer" >/dev/null || fail "$1: $(cat "$LAB/answer")"
}

refused() { # TEXT REQUEST
	ask "$2" >"$LAB/answer"
	jq -e ".ok == false and (.error | contains(\"$1\"))" "$LAB/answer" >/dev/null ||
		fail "$2: $(cat "$LAB/answer")"
}

lab_open
customers alice=10.0.0.0/24
ip -n "$NS_ROUTER" address add 192.0.2.9/24 dev r0
neighbour "$NS_COLLECTOR" c0 "$ROUTER_MAC" 192.0.2.9
agent_start
send --datagrams 10 --from 192.0.2.9
rm "$LAB/sent/1.json"
wait_for 10 json '.reasons.refused == 10' status

edge='{"command":"exporter-set","name":"edge 1","addresses":["192.0.2.9"]'
granted "$edge,\"nat\":false}"
send --datagrams 50 --from 192.0.2.9
wait_for 10 json '.reasons.refused == 10 and .datagrams.kernel == 50' status
json 'any(.[]; .name == "edge 1" and .state == "ok")' exporters || fail "not listed"
json 'any(.exporters[]; .name == "edge 1" and .nat == false and .origin == "drop-in")' config ||
	fail "not in the configuration"
granted '{"command":"customers-set","id":"bob","name":"Bob, \"B\"","prefixes":["10.0.1.0/24"]}'
CUSTOMERS+=,bob=10.0.1.0/24
send --datagrams 50 --from 192.0.2.9
json 'any(.[]; .id == "bob" and .name == "Bob, \"B\"")' 'customers' list || fail "no bob"
granted '{"command":"customers-set","id":"bob","prefixes":["10.0.1.0/24","10.9.0.0/16"]}'
grep -qF 'bob,"Bob, ""B""",10.0.1.0/24 10.9.0.0/16' "$LAB/customers.csv" ||
	fail "$(cat "$LAB/customers.csv")"

refused 'is given twice' '{"command":"exporter-set","name":"x","addresses":["192.0.2.1"]}'
refused 'is wrong' '{"command":"exporter-set","name":"x","addresses":["192.0.2.x"]}'
refused 'sampling' "${edge//edge 1/x},\"sampling\":\"0.1\"}"
refused 'needs a' '{"command":"exporter-set","addresses":["::1"]}'
refused 'is not in settings.conf' '{"command":"exporter-remove","name":"router"}'
refused 'neither true nor false' "$edge,\"nat\":1}"
refused 'control characters' "${edge//edge 1/a\\nb},\"nat\":true}"
refused 'is no prefix' '{"command":"customers-set","id":"x","prefixes":["10.0.0.0/33"]}'
refused 'control characters' '{"command":"customers-set","id":"x","name":"a\nb","prefixes":["::1"]}'
send --datagrams 20
granted '{"command":"exporter-remove","name":"edge 1"}'
send --datagrams 10 --from 192.0.2.9
rm "$LAB/sent/$SENT_RUNS.json"
wait_for 10 json '.reasons.refused == 20 and .datagrams.received == 140' status
sent_files >"$LAB/sent.sum"
nfm -o json show >"$LAB/show.json"
found=$(differences "$LAB/sent.sum" "$LAB/show.json")
[ -z "$found" ] || fail "$found"
