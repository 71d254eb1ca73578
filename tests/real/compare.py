# SPDX-License-Identifier: GPL-2.0-only
"""compare.py HOW TRUTH BEFORE AFTER: what one capture's replay added, against the truth that stands beside it.

HOW: exact; nat (exact, with downloads counted for the inside hosts); least (more may come: data whose template
came late); most (malformed: what may be counted). BEFORE and AFTER are two `show`s. Prints the differences; nothing if there are none.
"""
import ipaddress
import json
import sys

# Options data say 1:N, and nfmeter multiplies. nfdump 1.7.1 does not understand softflowd's options template and takes
# these streams for unsampled: raw numbers stand in the truth.
ANNOUNCED = {"sf_v9_sampled_tls": 4, "ls_v9_invalid01": 100}


def customer(address):
    """The id that discovery gives: a host, or an IPv6 host's /64. The truth has one "none" for 0.0.0.0, :: and none."""
    if address == "none":
        return "none"
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def add(sums, address, way, count):
    into = sums.setdefault((customer(address), way), [0, 0, 0])
    for i, value in enumerate(count):
        into[i] += value


def expected(truth):
    """Sums per customer and way, of the decoder that is right; scaled where sampling is announced."""
    right = truth["nfdump"] if truth["nfdump"]["sampling_scaled"] else truth[truth["expected_decoder"]]
    factor = ANNOUNCED.get(truth["capture"], 1)
    sums = {}
    for way, side in (("up", "by_src"), ("down", "by_dst")):
        for address, (octets, packets, flows) in right[side].items():
            add(sums, address, way, (octets * factor, packets * factor, flows))
    return sums


def expected_inside(truth):
    """What has another destination after NAT is that host's, and no longer the router's. Sources stay."""
    sums = expected(truth)
    router = max(truth[truth["expected_decoder"]]["by_dst"].items(), key=lambda item: item[1])[0]
    for address, ways in truth["nat_inside_view"]["hosts"].items():
        add(sums, address, "down", ways["down"])
        add(sums, router, "down", [-value for value in ways["down"]])
    return sums


def table(shown):
    sums = {}
    for c in shown["customers"]:
        for way in ("up", "down"):
            key = ("none" if c["id"] in ("0.0.0.0", "::/64") else c["id"], way)
            old = sums.get(key, [0, 0, 0])
            sums[key] = [a + c[way][unit] for a, unit in zip(old, ("bytes", "packets", "flows"))]
    return sums


def added(before, after):
    was = table(before)
    sums = {key: [a - b for a, b in zip(count, was.get(key, (0, 0, 0)))] for key, count in table(after).items()}
    return {key: count for key, count in sums.items() if count[2]}


def main():
    how, truth, before, after = sys.argv[1], *(json.load(open(name, encoding="utf-8")) for name in sys.argv[2:5])
    right = expected_inside(truth) if how == "nat" else expected(truth)
    found = added(before, after)
    zero = [0, 0, 0]
    for key in sorted(right.keys() | found.keys()):
        want, got = right.get(key, zero), found.get(key, zero)
        if (how in ("exact", "nat") and got != want or
                how == "least" and any(g < w for g, w in zip(got, want)) or
                how == "most" and any(g > w for g, w in zip(got, want))):
            print(f"{key[0]} {key[1]}: {how} {want}, counted {got}")


main()
