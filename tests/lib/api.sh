# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The HTTP server of a lab; to be sourced behind lab.sh, used behind lab_open.
#
#   api_start [KEY=VALUE…]      starts agent and server; keys as of `configure`
#   api_start_alone [KEY=VALUE…]        the server by hand, beside an agent that has none, or
#                               without one; the program is $API_PROGRAM, if that is set
#   api_stop [SIGNAL]           ends the latter
#   api PATH [OPTION…]          what curl says, in the collector's namespace
#   status PATH [OPTION…]       the status of the answer alone
#   answers STATUS PATH [OPTION…]       fails unless that is the status
#   head_of PATH [OPTION…]      status line and headers, without CR
#   outside STATUS URL [OPTION…]        as `answers`, from the router's namespace
#   token ROLE NAME             makes one, and prints it; knows TOKEN: the server takes it
#   api_traffic                 v5 and v9, early bytes, refused exporters, discovered customers

API=http://127.0.0.1:9996
PYTHON=/usr/bin/python3 # the one for which Debian has packages
SERVER='' ALONE=''

api() { # PATH OPTION…
	in_collector curl -sS -m 20 --globoff "${@:2}" "$API$1"
}

status() { # PATH OPTION…
	api "$1" -w '%{http_code}' "${@:2}" -o /dev/null 2>/dev/null # 000: nobody is there
}

answers() { # STATUS PATH OPTION…
	local found

	found=$(api "$2" -o "$LAB/answer" -w '%{http_code}' "${@:3}")
	[ "$found" = "$1" ] || fail "$2 ${*:3}: $found instead of $1: $(head -c 500 "$LAB/answer")"
}

head_of() { # PATH OPTION…
	api "$1" -D - "${@:2}" -o /dev/null | tr -d '\r' # of two -o the first counts
}

# Its process: the agent's child, unless it was started by hand.
api_is_up() {
	if [ -n "$AGENT" ] && [ -z "$ALONE" ]; then
		SERVER=$(pgrep -P "$AGENT" -f ' http --channel')
	else
		kill -0 "$SERVER" 2>/dev/null || fail "the server ended: $(cat "$LAB/http.log")"
	fi
	[ -n "$SERVER" ] && [[ $(status /api/v1/whoami -k) =~ ^(200|401|403)$ ]]
}

# At all addresses of the namespace with "API_LISTEN=*:9996".
api_start() { # KEY=VALUE…
	ALONE=''
	configure http.listen="${API_LISTEN:-127.0.0.1:9996}" "$@"
	agent_start
	wait_for 30 api_is_up
}

api_launch() { # KEY=VALUE…
	ALONE=yes
	configure http.listen="${API_LISTEN:-127.0.0.1:9996}" "$@"
	"${IN_COLLECTOR[@]}" "${RUN_AS[@]}" "${API_PROGRAM:-$NFMETER}" -c "$CONF" http \
		>>"$LAB/http.log" 2>&1 &
	SERVER=$!
}

api_start_alone() { # KEY=VALUE…
	api_launch "$@"
	wait_for 30 api_is_up
}

api_stop() { # [SIGNAL]
	local status

	kill "-${1:-TERM}" "$SERVER"
	wait "$SERVER" 2>/dev/null
	status=$?
	SERVER=''
	[ "${1:-TERM}" = KILL ] || [ "$status" = 0 ] ||
		fail "the server ended with $status: $(tail -n 30 "$LAB/http.log")"
}

token() { # ROLE NAME: makes one
	nfm -o json token add "$1" "$2" 2>/dev/null | jq -r .token
}

outside() { # STATUS URL OPTION…
	local found

	found=$(in_router curl -sS -m 10 --globoff -o "$LAB/answer" -w '%{http_code}' "${@:2}")
	[ "$found" = "$1" ] || fail "from outside ${*:2}: $found instead of $1"
}

knows() { # TOKEN
	[ "$(status /api/v1/whoami -H "Authorization: Bearer $1")" = 200 ]
}

# What lab.sh's `customers` and `configure` have to know before the agent starts.
api_lab() {
	ip -n "$NS_ROUTER" address add 192.0.2.9/24 dev r0
	customers alice=10.0.0.0/24 bob="10.0.1.0/24 2001:db8:b::/48" carol=10.0.2.0/24 \
		10.5.0.7=10.5.0.7/32
	sed -i '/^10\.5/d' "$LAB/customers.csv" # it is discovered
	configure customers.auto=10.5.0.0/24 interval=2 "$@"
}

api_traffic() {
	send --datagrams 20
	send --datagrams 20 --version 9 --layout ros7
	send --datagrams 20 --duration 9000 --age 0
	send --datagrams 5 --bad truncated
	send --datagrams 5 --from 192.0.2.9
}
