#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# NetFlow v1, v5 and v7 with one record and with the most, in the kernel.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice=10.0.0.0/24 bob="10.0.1.0/24 10.9.0.0/16"
agent_start
for version in 1 5 7; do
	send --version "$version" --records 1 --datagrams 50
	send --version "$version" --records 27 --datagrams 50 # v7's 28 do not fit an MTU of 1500
done
send --version 5 --records 30 --datagrams 50
send --version 1 --records 30 --datagrams 50
check_counts
json '.datagrams.kernel == 400 and .reasons == {}' status || fail "not all in the kernel"
