#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# api_fuzz.sh [SEED [COUNT]]: requests of all kinds of nonsense, to the agent's server and to one
# with sanitizers. Neither ends, and all that they answer is in order.
. "$(dirname "$0")/../lib/lab.sh"
. "$LIB/api.sh"
seed=${1:-$RANDOM} count=${2:-1000}
echo "seed $seed"
[ -x "$BUILD/asan/nfmeter" ] || fail "$BUILD/asan/nfmeter is not built"
lab_open
api_lab
api_start
send --datagrams 20
send --datagrams 5 --version 9 --layout ros7
wait_for 10 snapshots_at_least 2

fuzz() { # SEED COUNT
	# shellcheck disable=SC2046 # names without spaces
	in_collector "$PYTHON" "$LIB/http_fuzz.py" 127.0.0.1 9996 "$1" "$2" \
		$(snapshots | head -n 2 | xargs -n 1 basename) 2>&1 || {
		tail -n 60 "$LAB/http.log" >&2
		fail "seed $1"
	}
}

server=$SERVER
fuzz "$seed" "$count"
[ "$(pgrep -P "$AGENT" -f ' http --channel')" = "$server" ] || fail "the server ended, seed $seed"
json '.http.restarts == 0 and .customers == 4' status || fail "$(nfm -o json status)"
agent_stop

# With a token that may all, but no agent that would do it. Of leaks this server cannot tell:
# LeakSanitizer stops the others by ptrace, and starts a process for that; seccomp refuses both. The
# unit tests look for leaks.
TOKEN=$(token admin boss)
export TOKEN ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
API_PROGRAM=$BUILD/asan/nfmeter api_start_alone
fuzz "$((seed + 1))" "$count"
api_stop
! grep -E 'Sanitizer|runtime error' "$LAB/http.log" || fail "seed $seed"
