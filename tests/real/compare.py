# SPDX-License-Identifier: GPL-2.0-only
"""compare.py HOW TRUTH ADDRESS BEFORE AFTER: what one capture's replay added, against the truth that stands beside it.

HOW: exact; nat (exact, with downloads counted for the inside hosts); least (more may come: data whose template
came late); most (malformed: what may be counted at most); none (rejected). ADDRESS: from which it was sent. BEFORE and
AFTER: folders with `show`, `status` and `exporters` as JSON. Prints what is wrong; nothing if nothing is.
"""
import ipaddress
import json
import sys

# Options data say 1:N, and nfmeter multiplies. nfdump 1.7.1 does not understand softflowd's options template and takes
# these streams for unsampled: raw numbers stand in the truth.
ANNOUNCED = {"sf_v9_sampled_tls": 4, "ls_v9_invalid01": 100}
ZERO = [0, 0, 0]


def customer(address):
    """The id that discovery gives: a host, or an IPv6 host's /64. The truth has one "none" for 0.0.0.0, :: and none."""
    if address == "none":
        return "none"
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def add(sums, name, way, count):
    sums[name, way] = [a + b for a, b in zip(sums.get((name, way), ZERO), count)]


def expected(truth):
    """Sums per customer and way, of the decoder that is right; scaled where sampling is announced."""
    right = truth["nfdump"] if truth["nfdump"]["sampling_scaled"] else truth[truth["expected_decoder"]]
    factor = ANNOUNCED.get(truth["capture"], 1)
    sums = {}
    for way, side in (("up", "by_src"), ("down", "by_dst")):
        for address, (octets, packets, flows) in right[side].items():
            add(sums, customer(address), way, (octets * factor, packets * factor, flows))
    return sums


def expected_inside(truth):
    """What has another destination after NAT is that host's, and no longer the router's. Sources stay."""
    sums = expected(truth)
    router = max(truth[truth["expected_decoder"]]["by_dst"].items(), key=lambda item: item[1])[0]
    for host, ways in truth["nat_inside_view"]["hosts"].items():
        add(sums, customer(host), "down", ways["down"])
        add(sums, customer(router), "down", [-value for value in ways["down"]])
    return sums


def table(shown):
    sums = {}
    for c in shown["customers"]:
        for way in ("up", "down"):
            name = "none" if c["id"] in ("0.0.0.0", "::/64") else c["id"]
            add(sums, name, way, [c[way][unit] for unit in ("bytes", "packets", "flows")])
    return sums


def added(before, after):
    was = table(before["show"])
    sums = {key: [a - b for a, b in zip(count, was.get(key, ZERO))] for key, count in table(after["show"]).items()}
    return {key: count for key, count in sums.items() if count[2]}


def check_sums(how, truth, before, after):
    right = {"nat": expected_inside, "none": lambda truth: {}}.get(how, expected)(truth)
    found = added(before, after)
    for key in sorted(right.keys() | found.keys()):
        want, got = right.get(key, ZERO), found.get(key, ZERO)
        if how == "least":
            is_right = all(g >= w for g, w in zip(got, want))
        elif how == "most":
            is_right = all(g <= w for g, w in zip(got, want))
        else:
            is_right = got == want
        if not is_right:
            print(f"{key[0]} {key[1]}: {how} {want}, counted {got}")


def options_records(exporters, address):
    return sum(e["notes"]["options"] for e in exporters if e["address"] == address)


def check_rest(how, truth, address, before, after):
    """Rejections, data that wait, options records."""
    def more(section, word):
        return after["status"][section][word] - before["status"][section][word]

    if how == "none":
        if more("datagrams", "rejected") != more("datagrams", "received"):
            print("not all was rejected")
        return
    if how == "most":
        return
    if more("datagrams", "rejected"):
        print(f"rejected: {after['status']['reasons']}")
    if more("waiting", "sets") > truth["tshark"]["sets_without_template"]:
        print(f"{more('waiting', 'sets')} sets wait, of {truth['tshark']['sets_without_template']} without a template")
    options = options_records(after["exporters"], address) - options_records(before["exporters"], address)
    if options != truth["expected"]["options_records"]:
        print(f"{options} options records, not {truth['expected']['options_records']}")


def load(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)


def main():
    how, truth, address = sys.argv[1], load(sys.argv[2]), sys.argv[3]
    before, after = ({name: load(f"{folder}/{name}") for name in ("show", "status", "exporters")}
                     for folder in sys.argv[4:6])
    check_sums(how, truth, before, after)
    check_rest(how, truth, address, before, after)


main()
