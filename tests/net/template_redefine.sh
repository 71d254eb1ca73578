#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A template's number gets another layout again and again, under load: not one datagram is decoded
# by a layout that was no longer right, in the kernel or at the socket.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob=10.0.1.0/24
agent_start
send --version 9 --layout ros7 --datagrams 20000 --redefine 198 --rate 2000
check_counts
[ "$(sent .redefinitions)" = 101 ] || fail "the test itself: $(sent .redefinitions) redefinitions"
kernel_share 5 0 0 # of a busy machine; 30 of an idle one
send --version 10 --layout simple --datagrams 3000 --redefine 5 --rate 4000 --template-in-data yes
send --version 10 --layout ros6ipfix,wide --datagrams 3000 --redefine 30 --rate 4000 \
	--template-every 3
check_counts
json '.[0].lost == 0' exporters || fail "loss where there was none"
wait_for 20 in_kernel
agent_stop
nfm detach c0 || fail detach
configure xdp=off
rm "$LAB"/sent/*
agent_start
send --version 9 --layout ros7 --datagrams 5000 --redefine 49 --rate 3000
check_counts
