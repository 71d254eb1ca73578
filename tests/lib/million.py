# SPDX-License-Identifier: GPL-2.0-only
"""million.py FILE CUSTOMERS: a long answer of `show`, read customer by customer: it is JSON to its
end, holds so many customers, each once, and adds up. Says what is wrong."""
import json
import sys

KEYS = ("bytes", "packets", "flows")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    begin = text.index('"customers":[') + len('"customers":[')
    decode = json.JSONDecoder().raw_decode
    at, ids, up, down = begin, set(), dict.fromkeys(KEYS, 0), dict.fromkeys(KEYS, 0)
    while text[at] != "]":
        customer, at = decode(text, at)
        ids.add(customer["id"])
        for key in KEYS:
            up[key] += customer["up"][key]
            down[key] += customer["down"][key]
        at += text[at] == ","
    rest = json.loads(text[:begin] + text[at:])
    for key in KEYS:
        if up[key] + down[key] + rest["unmatched"][key] - rest["local"][key] != rest["total"][key]:
            sys.exit(f"{key} do not add up")
    if not len(ids) == rest["matched"] == int(sys.argv[2]):
        sys.exit(f"{len(ids)} customers, {rest['matched']} matched")
    print(rest["total"]["flows"])


main()
