# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2120
# A laboratory of a scenario's own: two namespaces, `router` and `collector`, with a veth pair,
# folders, a pin directory, an agent. Scenarios source this, call lab_open, and may run at once.
#
#   lab_open                    makes it; everything goes again however the script ends
#   configure KEY=VALUE…        sets keys ("tee=yes", "expire.size=1M") and writes $CONF
#   customers ID=PREFIX…        writes the customers file and tells `send` of them
#   agent_start, agent_stop [SIGNAL]
#   nfm ARGUMENT…               the CLI, with this lab's configuration, in the collector's namespace
#   send OPTION…                nfsend to the collector; send_start, send_wait: in the background
#   send_on RUN OPTION…         the same, going on with the stream of an earlier run
#   wait_for SECONDS COMMAND…   until COMMAND succeeds
#   is_later TIME [STEP]        it is that time, in seconds since 1970, or later
#   json EXPRESSION COMMAND…    `nfm -o json COMMAND` meets a jq condition
#   check_counts                all that was sent stands where it belongs, to the byte
#   fail TEXT                   ends the scenario with what is known

set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LIB=$ROOT/tests/lib
BUILD=${NFM_BUILD:-$ROOT/build}
NFMETER=$BUILD/nfmeter
export BPF_OBJECT=$BUILD/nfmeter.bpf.o
NFSEND=$BUILD/nfsend
POLL=0.05
SCENARIO=$(basename "$0" .sh)

ROUTER=192.0.2.1 ROUTER6=2001:db8::1
COLLECTOR=192.0.2.2 COLLECTOR6=2001:db8::2
ROUTER_MAC=02:00:00:00:00:01 COLLECTOR_MAC=02:00:00:00:00:02

NS_ROUTER=nfm-$$-r NS_COLLECTOR=nfm-$$-c
PIN=/sys/fs/bpf/nfm-test-$$
LAB='' CONF='' AGENT='' SENDER='' CUSTOMERS='' RUN_AS=()
SENT_RUNS=0
declare -A SETTINGS=() LAST_RUN=()
EXPORTERS="[exporter router]
address = $ROUTER $ROUTER6"

fail() {
	echo "FAILED: $SCENARIO: $*" >&2
	if [ -n "$LAB" ] && [ -d "$LAB" ]; then
		[ -s "$LAB/agent.log" ] &&
			{ echo "--- agent.log"; tail -n 40 "$LAB/agent.log"; } >&2
		{
			echo "--- status"
			timeout 10 "${IN_COLLECTOR[@]}" "$NFMETER" -c "$CONF" -o json status
		} >&2
	fi
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

wait_for() { # SECONDS COMMAND…
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < deadline)) || fail "not in time: $*"
		sleep "$POLL"
	done
}

# For time that has to pass. With STEP: in the first of so many seconds of the clock.
is_later() { # SECONDS-SINCE-1970 [STEP]
	local now=$EPOCHSECONDS

	((now >= $1 && now % ${2:-1} == 0))
}

# ---- the place ----

# Only the network is theirs: `ip netns exec` would hide the bpffs. As arrays, so that $! is the
# program's pid.
IN_ROUTER=(nsenter "--net=/run/netns/$NS_ROUTER" --)
IN_COLLECTOR=(nsenter "--net=/run/netns/$NS_COLLECTOR" --)

in_router() {
	"${IN_ROUTER[@]}" "$@"
}

in_collector() {
	"${IN_COLLECTOR[@]}" "$@"
}

address_up() { # NAMESPACE INTERFACE ADDRESS ADDRESS6
	ip -n "$1" address add "$3/24" dev "$2"
	ip -n "$1" address add "$4/64" dev "$2" nodad
	ip -n "$1" link set lo up
	ip -n "$1" link set "$2" up
}

# Neighbours are fixed: the first datagrams must not wait for ARP.
neighbour() { # NAMESPACE INTERFACE MAC ADDRESS…
	local address

	for address in "${@:4}"; do
		ip -n "$1" neighbour replace "$address" lladdr "$3" dev "$2" nud permanent
	done
}

lab_network() {
	ip netns add "$NS_ROUTER" && ip netns add "$NS_COLLECTOR" || return
	ip -n "$NS_ROUTER" link add r0 address "$ROUTER_MAC" type veth \
		peer name c0 netns "$NS_COLLECTOR" address "$COLLECTOR_MAC" || return
	address_up "$NS_ROUTER" r0 "$ROUTER" "$ROUTER6"
	address_up "$NS_COLLECTOR" c0 "$COLLECTOR" "$COLLECTOR6"
	neighbour "$NS_ROUTER" r0 "$COLLECTOR_MAC" "$COLLECTOR" "$COLLECTOR6"
	neighbour "$NS_COLLECTOR" c0 "$ROUTER_MAC" "$ROUTER" "$ROUTER6"
}

lab_open() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -x "$NFMETER" ] || fail "$NFMETER is not built"
	trap lab_close EXIT
	trap 'exit 143' INT TERM HUP
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf || fail "cannot mount the bpffs"
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/nfm-lab.$$.XXXXXX") || fail "no temporary folder"
	chmod 755 "$LAB"
	mkdir "$LAB/sent"
	CONF=$LAB/nfmeter.conf
	lab_network || fail "cannot make the namespaces"
	SETTINGS=([collector.interfaces]=c0 [collector.xdp]=native [collector.capacity]=1024
		[collector.directory]=$LAB/state [collector.runtime]=$LAB/run [collector.pin]=$PIN
		[customers.file]=$LAB/customers.csv [http.listen]=''
		[http.tokens]=$LAB/tokens)
	printf 'id,name,prefixes\n' >"$LAB/customers.csv"
	configure
}

# Whatever runs in our namespaces is ours.
lab_processes() {
	ip netns pids "$NS_ROUTER" 2>/dev/null
	ip netns pids "$NS_COLLECTOR" 2>/dev/null
}

processes_gone() {
	[ -z "$(lab_processes)" ]
}

# A poll that cannot fail the scenario: it runs while that ends.
lab_kill() { # SIGNAL SECONDS
	local deadline=$((SECONDS + $2))

	while ! processes_gone && ((SECONDS < deadline)); do
		lab_processes | xargs -r kill "-$1" 2>/dev/null
		sleep "$POLL"
	done
}

lab_close() {
	local status=$?

	trap - EXIT
	trap '' INT TERM HUP
	lab_kill TERM 5
	lab_kill KILL 5
	wait
	ip netns del "$NS_ROUTER" 2>/dev/null
	ip netns del "$NS_COLLECTOR" 2>/dev/null
	rm -rf "$PIN" "$PIN-by-hand"
	[ -n "$LAB" ] && rm -rf "$LAB"
	if ip netns list | grep -q "^nfm-$$-" || [ -e "$PIN" ] ||
		{ [ -n "$LAB" ] && [ -e "$LAB" ]; }; then
		echo "FAILED: $SCENARIO: left something behind" >&2
		status=1
	fi
	exit "$status"
}

# ---- the agent ----

configure() { # KEY=VALUE…
	local pair key section

	for pair in "$@"; do
		key=${pair%%=*}
		[[ $key == *.* ]] || key=collector.$key
		SETTINGS[$key]=${pair#*=}
	done
	for section in collector expire customers http; do
		echo "[$section]"
		for key in "${!SETTINGS[@]}"; do
			[[ $key == "$section".* ]] && echo "${key#*.} = ${SETTINGS[$key]}"
		done
	done >"$CONF"
	echo "$EXPORTERS" >>"$CONF"
}

customers() { # ID=PREFIX or ID="PREFIX PREFIX"…
	local pair prefix

	CUSTOMERS=''
	printf 'id,name,prefixes\n' >"$LAB/customers.new"
	for pair in "$@"; do
		echo "${pair%%=*},Name of ${pair%%=*},${pair#*=}" >>"$LAB/customers.new"
		for prefix in ${pair#*=}; do
			CUSTOMERS+=${CUSTOMERS:+,}${pair%%=*}=$prefix
		done
	done
	mv "$LAB/customers.new" "$LAB/customers.csv"
}

nfm() {
	"${IN_COLLECTOR[@]}" "${RUN_AS[@]}" "$NFMETER" -c "$CONF" "$@"
}

json() { # EXPRESSION COMMAND…
	nfm -o json "${@:2}" 2>/dev/null | jq -e "$1" >/dev/null
}

agent_is_up() {
	kill -0 "$AGENT" 2>/dev/null || fail "the agent ended"
	json '.agent.running' status
}

agent_launch() {
	"${IN_COLLECTOR[@]}" "${RUN_AS[@]}" "$NFMETER" -c "$CONF" run >>"$LAB/agent.log" 2>&1 &
	AGENT=$!
}

agent_start() {
	agent_launch
	wait_for 30 agent_is_up
}

agent_stop() { # [SIGNAL]
	local status

	kill "-${1:-TERM}" "$AGENT"
	wait "$AGENT" 2>/dev/null # of a kill the shell would tell
	status=$?
	AGENT=''
	[ "${1:-TERM}" = KILL ] || [ "$status" = 0 ] || fail "the agent ended with $status"
}

logged() { # PATTERN
	grep -qE "$1" "$LAB/agent.log"
}

xdp_id() { # [INTERFACE]: id of its XDP program, or nothing
	ip -n "$NS_COLLECTOR" -j link show dev "${1:-c0}" | jq -r '.[0].xdp.prog.id // empty'
}

# ---- traffic ----

send_to_file() { # FILE OPTION…
	in_router "$NFSEND" gen --to "$COLLECTOR" --customers "$CUSTOMERS" --seed "$SENT_RUNS" \
		--engine "$SENT_RUNS" "${@:2}" >"$1"
}

# Each run is a stream of its own (engine), so that its sequence begins where it likes.
send() {
	SENT_RUNS=$((SENT_RUNS + 1))
	send_to_file "$LAB/sent/$SENT_RUNS.json" "$@" || fail "nfsend $*"
}

send_start() {
	SENT_RUNS=$((SENT_RUNS + 1))
	send_to_file "$LAB/sent/$SENT_RUNS.json" "$@" &
	SENDER=$!
}

send_wait() {
	wait "$SENDER" || fail "nfsend in the background"
	SENDER=''
}

send_on() { # RUN OPTION…
	local before=$LAB/sent/${LAST_RUN[$1]:-$1}.json

	LAST_RUN[$1]=$((SENT_RUNS + 1))
	send --engine "$1" --sequence "$(jq .next_sequence "$before")" "${@:2}"
}

sent() { # JQ-PATH [RUN]: a number of a run's, by default the newest one's
	jq "$1" "$LAB/sent/${2:-$SENT_RUNS}.json"
}

# Sums of all runs whose file stands in $LAB/sent.
sent_files() {
	jq -s -f "$LIB/sent.jq" "$LAB"/sent/*.json
}

# ---- conservation ----

received_is() { # DATAGRAMS
	json ".datagrams | .received == $1 and .received == .kernel + .agent + .rejected" status
}

# Every datagram has been received, and every received one is accounted for.
wait_received() { # DATAGRAMS
	local deadline=$((SECONDS + 15))

	until received_is "$1"; do
		((SECONDS < deadline)) ||
			fail "received is not $1: $(nfm -o json status | jq -c .datagrams)"
		sleep "$POLL"
	done
	json '.records | .received == .kernel + .agent + .rejected' status ||
		fail "records do not add up: $(nfm -o json status | jq -c .records)"
}

# Differences between two JSON files: what was sent, and what `show` or `read` says; nothing if
# none.
differences() { # SENT SHOWN
	jq -nr --slurpfile sent "$1" --slurpfile shown "$2" -f "$LIB/compare.jq"
}

check_counts() {
	local found

	sent_files >"$LAB/sent.sum" || fail "cannot sum what was sent"
	wait_received "$(jq .sent "$LAB/sent.sum")"
	nfm -o json show >"$LAB/show.json" || fail "show"
	found=$(differences "$LAB/sent.sum" "$LAB/show.json") || fail "compare"
	[ -z "$found" ] || fail "show differs: $found"
}

# ---- templates ----

in_kernel() { # the datapath decodes the data of every template that there is
	json 'length > 0 and all(.[]; .where == "kernel" or .options)' templates
}

# Of the datagrams received since RECEIVED and KERNEL, at least PERCENT have been counted in the
# kernel.
kernel_share() { # PERCENT RECEIVED KERNEL
	json ".datagrams | (.kernel - $3) * 100 >= (.received - $2) * $1" status ||
		fail "less than $1 % in the kernel: $(nfm -o json status |
			jq -c '[.datagrams, .reasons]')"
}

# A stream's first datagram, until the kernel knows its templates; then OPTION…, nearly all of it in
# the kernel ($SHARE percent, by default 95).
send_armed() { # OPTION…
	local stream counts

	send "$@" --datagrams 1
	stream=$SENT_RUNS
	wait_for 20 in_kernel
	counts=$(nfm -o json status | jq -r '.datagrams | "\(.received) \(.kernel)"')
	send_on "$stream" "$@"
	check_counts
	# shellcheck disable=SC2086 # two numbers
	kernel_share "${SHARE:-95}" $counts
}

# ---- snapshots ----

snapshots() {
	find "$LAB/state" -maxdepth 1 -name 'nfmeter.[0-9]*' 2>/dev/null | sort
}

snapshots_at_least() {
	[ "$(snapshots | wc -l)" -ge "$1" ]
}

# Every file conserves by itself, and together they hold what was sent.
check_snapshots() {
	local file found

	rm -rf "$LAB/read"
	mkdir "$LAB/read"
	for file in $(snapshots); do
		"$NFMETER" -o json read "$file" >"$LAB/read/$(basename "$file")" ||
			fail "read $file"
		found=$(jq -r -f "$LIB/conserves.jq" "$LAB/read/$(basename "$file")")
		[ -z "$found" ] || fail "$file: $found"
	done
	sent_files >"$LAB/sent.sum"
	jq -s -f "$LIB/snapshots.jq" "$LAB"/read/* >"$LAB/snapshots.sum" ||
		fail "cannot sum the snapshots"
	found=$(differences "$LAB/sent.sum" "$LAB/snapshots.sum")
	[ -z "$found" ] || fail "the snapshots differ: $found"
}

# ---- beside nfmeter ----

# An old collector in a namespace; its datagrams go to FILE.
sink_start() { # NAMESPACE ADDRESS PORT FILE
	: >"$4.ready"
	nsenter --net="/run/netns/$1" -- python3 "$LIB/udpsink.py" "$2" "$3" "$4" >"$4.ready" 2>&1 &
	wait_for 10 grep -q ready "$4.ready"
}

is_same_file() {
	cmp -s "$1" "$2"
}

# An XDP program that is not ours: lets everything pass.
foreign_program() { # FILE
	clang -O2 -g -target bpf -x c -c -o "$1" - <<-'END' || fail "no foreign XDP program"
		__attribute__((section("xdp"), used)) int pass_all(void *context) { return 2; }
		__attribute__((section("license"), used)) char license_text[] = "GPL";
	END
}
