#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# v5's sampling word multiplies; an exporter's setting, whole or a ratio, beats it.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24
agent_start
send --datagrams 50 --sampling 100
check_counts
EXPORTERS="[exporter router]
address = $ROUTER $ROUTER6
sampling = 3/2"
configure
agent_stop
agent_start
send --datagrams 50 --sampling 100 --expect-sampling 3/2
check_counts
configure xdp=off pin="$PIN" # the agent's own decoder
agent_stop
nfm detach c0 || fail detach
rm "$LAB"/sent/*
agent_start
send --datagrams 50 --rate 2000 --sampling 100 --expect-sampling 3/2
check_counts
