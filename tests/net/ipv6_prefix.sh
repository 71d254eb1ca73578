#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Customers by delegated IPv6 prefix: a /56 each, one of them within another's; v9 and IPFIX, beside
# IPv4 customers.
. "$(dirname "$0")/../lib/lab.sh"
lab_open
customers alice="10.0.0.0/24 2001:db8:100::/56" bob=2001:db8:100:100::/56 \
	carol=2001:db8:100:180::/57 dave=2001:db8:100:200::1/128 erin=2001:db8:200::/40
agent_start
send_armed --version 9 --layout ros7v6 --datagrams 400
send_armed --version 10 --layout ros7v6 --datagrams 400
send_armed --version 9 --layout ros7,ros7v6 --datagrams 400
send_armed --to "$COLLECTOR6" --version 9 --layout ros7,ros7v6 --datagrams 400
for customer in alice bob carol dave erin; do
	[ "$(sent ".by_customer.$customer | .up.flows > 0 and .down.flows > 0")" = true ] ||
		fail "the test sends nothing of $customer"
done
json '.customers[0].id == "carol" and .customers[0].down.flows > 0' show 2001:db8:100:1ff::77 ||
	fail "show by address"
