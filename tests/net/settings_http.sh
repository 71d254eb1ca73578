#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Settings by the API: with an administrator's token they change the running agent, which says in
# its log who did it; with another one, or none, nothing changes. The server comes again after a
# change and after its death, and ends with the agent, however that ends.
. "$(dirname "$0")/../lib/lab.sh"

ask() { # METHOD PATH TOKEN [BODY]: status, then the answer
	in_collector curl -s -m 20 -X "$1" -o "$LAB/body" -w '%{http_code} ' \
		${3:+-H "Authorization: Bearer $3"} \
		${4:+-H 'Content-Type: application/json' -d "$4"} \
		"http://127.0.0.1:9996$2"
	cat "$LAB/body"
}

answers() { # PATTERN METHOD PATH TOKEN [BODY]
	ask "${@:2}" >"$LAB/answer"
	grep -qE "$1" "$LAB/answer"
}

expect() { # PATTERN METHOD PATH TOKEN [BODY]
	answers "$@" || fail "${*:2}: $(cat "$LAB/answer")"
}

serves() {
	answers '^(200|401) ' GET /api/v1/whoami ''
}

http_pid() {
	nfm -o json status | jq .http.pid
}

is_new_server() { # OLD-PID
	json ".http.pid != null and .http.pid != $1" status && serves
}

interval='{"changes":[{"section":"collector","key":"interval","value":"60"}]}'
hook='{"changes":[{"section":"collector","key":"hook","value":"reboot"}]}'

lab_open
customers alice=10.0.0.0/24
configure http.listen=127.0.0.1:9996
agent_start
wait_for 20 serves
expect '^40[13] ' PUT /api/v1/settings '' "$interval"
old=$(http_pid)
admin=$(nfm token add admin office 2>/dev/null) || fail "token add"
reader=$(nfm token add read reader 2>/dev/null) || fail "token add"
wait_for 20 is_new_server "$old" # which knows them
expect '^401 ' GET /api/v1/status ''
expect '^200 ' GET /api/v1/status "$reader"
expect '^403 ' PUT /api/v1/settings "$reader" "$interval"
expect '^401 ' PUT /api/v1/settings "${admin%?}" "$interval"
expect '^4.. .*not to be set from here' PUT /api/v1/settings "$admin" "$hook"
expect '^4.. .*out of range' PUT /api/v1/settings "$admin" "${interval/60/0}"
[ -e "$CONF.d" ] && fail "something was written"
old=$(http_pid)
send_start --datagrams 2000 --rate 1000
expect '^200 .*"collector.interval"' PUT /api/v1/settings "$admin" "$interval"
logged 'settings: office \([^ )]*127.0.0.1[^ )]*\) set collector.interval from "300" to "60"' ||
	fail "not in the log"
wait_for 20 is_new_server "$old"
expect '^200 ' PUT /api/v1/customers/bob "$admin" '{"name":"Bob","prefixes":["10.7.0.0/24"]}'
json 'any(.[]; .id == "bob")' 'customers' list || fail "no bob"
expect '^200 ' PUT /api/v1/exporters/edge "$admin" '{"addresses":["192.0.2.77"]}'
old=$(http_pid)
wait_for 20 is_new_server "$old"
expect '"edge"' GET /api/v1/config "$admin"
old=$(http_pid)
expect '^200 ' DELETE /api/v1/exporters/edge "$admin"
send_wait
check_counts

wait_for 20 is_new_server "$old" # the change's own
wait_for 20 serves
old=$(http_pid)
before=$(nfm -o json status | jq .http.restarts)
kill -KILL "$old"
wait_for 20 is_new_server "$old"
json ".http.restarts == $before + 1" status || fail "restarts"
nfm token remove office >/dev/null || fail "token remove"
wait_for 20 answers '^401 ' PUT /api/v1/settings "$admin" "${interval/60/61}"

gone() { # PID
	! kill -0 "$1" 2>/dev/null
}
wait_for 20 serves
old=$(http_pid)
agent_stop
wait_for 10 gone "$old"
agent_start
wait_for 20 serves
old=$(http_pid)
agent_stop KILL
wait_for 10 gone "$old"
