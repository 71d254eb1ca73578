# SPDX-License-Identifier: GPL-2.0-only
"""OpenMetrics 1.0, strictly; and what our metrics have to agree with.

openmetrics.py check FILE            the rules of the text format, and those of ours: no timestamps,
                                     no exemplars, a TYPE and a HELP for each family
openmetrics.py names FILE            names of samples, without those of creation times
openmetrics.py value FILE NAME [LABEL=VALUE...]   sum of the samples that have these labels
openmetrics.py forward OLD NEW       no counter goes back but one whose creation time went on
openmetrics.py equal FILE STATUS SHOW EXPORTERS TEMPLATES   as these commands' JSON
openmetrics.py same FILE PROMETHEUS  both formats have the same samples
openmetrics.py self-test
"""
import json
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
ONE_LABEL = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?Inf|NaN")
TYPES = {  # endings of samples; those that each metric must have
    "gauge": ({""}, {""}),
    "counter": ({"_total", "_created"}, {"_total"}),
    "info": ({"_info"}, {"_info"}),
    "stateset": ({""}, {""}),
    "unknown": ({""}, {""}),
}


class Wrong(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Wrong(text)


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        found = ONE_LABEL.match(text, at)
        need(found and (found[3] or found.end() == len(text)), f"labels: {text[at:]}")
        need(found[1] not in labels, f"label twice: {found[1]}")
        unescaped = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], found[2])
        labels[found[1]] = unescaped
        at = found.end()
        need(not found[3] or at < len(text), "labels end with a comma")
    return labels


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help = name, None, None, None
        self.samples = []  # (ending, labels, text of the value)
        self.order = []    # label sets, as they came

    def describe(self, what, text):
        need(not self.samples, f"{what} of {self.name} behind its samples")
        need(getattr(self, what) is None, f"a second {what} of {self.name}")
        if what == "help":
            need(re.fullmatch(r'(?:[^\\\n]|\\[\\n"])*', text), f"HELP of {self.name}: {text}")
        setattr(self, what, text)

    def take(self, ending, labels, value):
        key = tuple(sorted(labels.items()))
        need((ending, key) not in {(e, tuple(sorted(l.items()))) for e, l, _ in self.samples[-2:]},
             f"{self.name}{ending} twice")
        if not self.order or self.order[-1] != key:
            self.order.append(key)
        self.samples.append((ending, labels, value))

    def check(self):
        need(self.type in TYPES, f"{self.name}: no TYPE, or {self.type}")
        need(self.help, f"{self.name}: no HELP")
        if self.unit:
            need(self.name.endswith("_" + self.unit), f"{self.name} does not end with its unit")
        for unit in ("seconds", "bytes"):
            need(not self.name.endswith("_" + unit) or self.unit == unit, f"{self.name}: no UNIT")
        need(not re.search(r"_(total|created|info|bucket|count|sum|gcount|gsum)$", self.name),
             f"{self.name} ends as a sample of another does")
        need(len(self.order) == len(set(self.order)), f"{self.name}: a metric in pieces")
        endings, wanted = TYPES[self.type]
        have = {}
        for ending, labels, value in self.samples:
            need(ending in endings, f"{self.name}{ending} in a {self.type}")
            have.setdefault(tuple(sorted(labels.items())), []).append(ending)
            if self.type == "counter":
                need(re.fullmatch(r"\d+(\.\d+)?", value), f"{self.name}{ending} is {value}")
            if self.type == "info":
                need(value == "1", f"{self.name}_info is {value}")
        for key, its in have.items():
            need(wanted <= set(its) and len(its) == len(set(its)), f"{self.name}{key}: {its}")
        names = [frozenset(labels) for _, labels, _ in self.samples]
        need(len(set(names)) <= 1, f"{self.name}: samples have different labels")


def family_of(families, name):
    for ending in ("", "_total", "_created", "_info"):
        stem = name[: len(name) - len(ending)] if ending else name
        if name.endswith(ending) and stem in families and (
                not families[stem].type or ending in TYPES.get(families[stem].type, ({""},))[0]):
            return families[stem], ending
    raise Wrong(f"{name}: of no family")


def parse(data):
    text = data.decode("utf-8")
    need(text.endswith("# EOF\n") and text.count("# EOF") == 1, "no EOF at the end")
    need("\r" not in text, "a carriage return")
    families, current = {}, None
    for line in text.split("\n")[:-2]:
        need(line, "an empty line")
        if line.startswith("#"):
            found = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.*)", line)
            need(found, f"neither TYPE, UNIT nor HELP: {line}")
            if not current or current.name != found[2]:
                need(found[2] not in families, f"{found[2]} in pieces")
                current = families[found[2]] = Family(found[2])
            current.describe(found[1].lower(), found[3])
            continue
        found = SAMPLE.fullmatch(line)
        need(found, f"no sample, or with a timestamp or an exemplar: {line}")
        need(NUMBER.fullmatch(found[3]), f"no number: {line}")
        family, ending = family_of(families, found[1])
        need(family is current, f"{found[1]} in pieces")
        family.take(ending, labels_of(found[2] or ""), found[3])
    for family in families.values():
        family.check()
        for ending in ("_total", "_created", "_info"):
            need(family.name + ending not in families, f"{family.name}{ending} is two things")
    return families


def read(path):
    with open(path, "rb") as file:
        return parse(file.read())


def sum_of(families, name, **labels):
    family, ending = family_of(families, name)
    found = [v for e, l, v in family.samples
             if e == ending and all(l.get(k) == w for k, w in labels.items())]
    need(found, f"no {name} with {labels}")
    return sum(int(v) if v.isdigit() else float(v) for v in found)


# ---- against each other, and against JSON ----

def totals(families):
    for family in families.values():
        if family.type != "counter":
            continue
        created = {tuple(sorted(l.items())): float(v) for e, l, v in family.samples
                   if e == "_created"}
        for ending, labels, value in family.samples:
            key = tuple(sorted(labels.items()))
            if ending == "_total":
                yield (family.name, key), float(value), created.get(key)


def forward(old, new):
    now = {key: (value, created) for key, value, created in totals(new)}
    for key, value, created in totals(old):
        # the kernel keeps these while kernel.bpf_stats_enabled says so: metrics_drops.sh sets it
        # for the whole machine, beside which we may run
        if key[0].startswith("nfmeter_xdp_run") and key not in now:
            continue
        need(key in now, f"{key} is gone")
        began_anew = created is not None and now[key][1] > created
        need(now[key][0] >= value or began_anew, f"{key} went from {value} to {now[key][0]}")


KINDS = ("rejected_datagrams", "punted_datagrams", "passed_datagrams", "noted_records", "lost_sets")


def equal(families, status, show, exporters, templates):
    def same(name, value, **labels):
        got = sum_of(families, "nfmeter_" + name, **labels)
        need(got == value, f"{name} {labels}: {got}, and JSON says {value}")

    same("received_datagrams_total", status["datagrams"]["received"])
    same("undecided_datagrams", status["undecided"])
    for verdict in ("kernel", "agent", "rejected"):
        same("datagrams_total", status["datagrams"][verdict], verdict=verdict)
        same("records_total", status["records"][verdict], verdict=verdict)
    reasons = {l["reason"]: int(v) for kind in KINDS
               for e, l, v in families["nfmeter_" + kind].samples if e == "_total"}
    need({k: v for k, v in reasons.items() if v} == status["reasons"],
         f"reasons: {reasons}, and JSON says {status['reasons']}")
    same("customers", status["customers"] + sum_of(families, "nfmeter_customers", state="removed"))
    same("table_capacity", status["capacity"], part="customers")
    epoch = sum_of(families, "nfmeter_snapshot_epoch")  # one may have come between the readings
    need(epoch >= status["snapshot"]["epoch"], f"snapshot_epoch: {epoch}, of {status['snapshot']}")
    same("earlier_reach_seconds", status["earlier"]["reach_seconds"])
    same("waiting_sets", status["waiting"]["sets"])
    same("waiting_bytes", status["waiting"]["bytes"])
    same("agent_up", int(status["agent"]["running"]))
    same("flow_bytes_total", show["total"]["bytes"])
    same("flow_packets_total", show["total"]["packets"])
    for name in ("unmatched", "local"):
        same(name + "_bytes_total", show[name]["bytes"])
        same(name + "_packets_total", show[name]["packets"])
        same(name + "_records_total", show[name]["flows"])
    for customer in show["customers"]:
        for way in ("up", "down"):
            labels = {"customer": customer["id"], "direction": way}
            same("customer_bytes_total", customer[way]["bytes"], **labels)
            same("customer_packets_total", customer[way]["packets"], **labels)
            same("customer_records_total", customer[way]["flows"], **labels)
    equal_exporters(same, exporters, templates)


def equal_exporters(same, exporters, templates):
    rows = [e for e in exporters if e["state"] != "refused"]
    refused = [e for e in exporters if e["state"] == "refused"]
    same("refused_sources", len(refused))
    if refused:
        same("refused_source_datagrams", sum(e["datagrams"] for e in refused))
    for e in rows:
        labels = {"address": e["address"], "exporter": e["name"] or e["address"]}
        same("exporter_state", 1, state=e["state"], **labels)
        same("exporter_state", 1, **labels)
        same("exporter_datagrams_total", e["datagrams"], **labels)
        same("exporter_records_total", e["records"], verdict="counted", **labels)
        for key, reason in (("wrapped", "wrapped"), ("repaired", "wrap-repaired"),
                            ("empty", "empty-record"), ("same_address", "same-address"),
                            ("implausible", "implausible")):
            same("exporter_noted_records_total", e["notes"][key], reason=reason, **labels)
        same("exporter_options_records_total", e["notes"]["options"], **labels)
        same("exporter_lost_sets_total", e["notes"]["given_up"], **labels)
        same("exporter_templates", e["templates"], **labels)
        its = [t for t in templates if t["exporter"] == e["address"]]
        same("exporter_templates", sum(t["where"] == "kernel" for t in its), decoder="kernel",
             **labels)
        for name in ("lost", "received", "resets"):
            for unit in ("records", "datagrams"):
                if any(s["unit"] == unit for s in e["streams"]):
                    same("exporter_sequence_" + name,
                         sum(s[name] for s in e["streams"] if s["unit"] == unit), unit=unit,
                         **labels)


def same_samples(families, prometheus):
    """Of the other format: what promtool has checked, so that only its samples are read."""
    lines = [line for line in prometheus.split("\n") if line and not line.startswith("#")]
    theirs = {SAMPLE.fullmatch(line)[1] + str(sorted(labels_of(SAMPLE.fullmatch(line)[2] or "")
                                                     .items())) for line in lines}
    ours = {f.name + e + str(sorted(l.items())) for f in families.values() for e, l, _ in f.samples
            if e != "_created"}
    need(ours == theirs, f"only in one format: {ours ^ theirs}")
    need(len(lines) == len(theirs), "a sample twice")


# ---- does it refuse what is wrong? ----

GOOD = """# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds x \\\\ y
a_seconds_total{b="1\\"\\n"} 1.5
a_seconds_created{b="1\\"\\n"} 17
a_seconds_total{b="2"} 0
# TYPE c gauge
# HELP c x
c -1
# TYPE d info
# HELP d x
d_info{v="1"} 1
# EOF
"""

BAD = {  # what becomes of GOOD
    "no EOF": lambda t: t.replace("# EOF\n", ""),
    "text behind EOF": lambda t: t + "c 1\n",
    "no newline": lambda t: t[:-1],
    "an empty line": lambda t: t.replace("c -1", "\nc -1"),
    "a remark": lambda t: t.replace("c -1", "# hello\nc -1"),
    "no TYPE": lambda t: t.replace("# TYPE c gauge\n", ""),
    "no HELP": lambda t: t.replace("# HELP c x\n", ""),
    "another TYPE": lambda t: t.replace("gauge", "number"),
    "two TYPEs": lambda t: t.replace("# TYPE c gauge\n", "# TYPE c gauge\n" * 2),
    "no UNIT": lambda t: t.replace("# UNIT a_seconds seconds\n", ""),
    "another UNIT": lambda t: t.replace("# UNIT a_seconds seconds", "# UNIT a_seconds bytes"),
    "a TYPE with _total": lambda t: t.replace(" a_seconds counter", " a_seconds_total counter"),
    "no _total": lambda t: t.replace('a_seconds_total{b="2"}', 'a_seconds{b="2"}'),
    "a family in pieces": lambda t: t.replace("# EOF", 'a_seconds_total{b="3"} 1\n# EOF'),
    "a metric in pieces": lambda t: t.replace(
        "# TYPE c", 'a_seconds_created{b="1\\"\\n"} 17\n# TYPE c').replace(
        'a_seconds_created{b="1\\"\\n"} 17\na_seconds_total{b="2"}', 'a_seconds_total{b="2"}'),
    "a sample twice": lambda t: t.replace("c -1", "c -1\nc -1"),
    "a negative counter": lambda t: t.replace("1.5", "-1.5"),
    "a counter that is none": lambda t: t.replace("1.5", "NaN"),
    "a timestamp": lambda t: t.replace("c -1", "c -1 1700000000"),
    "an exemplar": lambda t: t.replace("1.5\n", '1.5 # {x="y"} 1\n'),
    "a label without quotes": lambda t: t.replace('b="2"', "b=2"),
    "a label twice": lambda t: t.replace('b="2"', 'b="2",b="3"'),
    "a comma at the end": lambda t: t.replace('b="2"', 'b="2",'),
    "a wrong escape": lambda t: t.replace('b="2"', 'b="\\t"'),
    "other labels": lambda t: t.replace('b="2"', 'e="2"'),
    "an info of 2": lambda t: t.replace('v="1"} 1', 'v="1"} 2'),
    "no number": lambda t: t.replace("c -1", "c 0x1"),
    "two blanks": lambda t: t.replace("c -1", "c  -1"),
    "of no family": lambda t: t.replace("c -1", "c -1\ne 1"),
}


def self_test():
    parse(GOOD.encode())
    for name, spoil in BAD.items():
        need(spoil(GOOD) != GOOD, f"{name}: nothing is spoiled")
        try:
            parse(spoil(GOOD).encode())
        except Wrong:
            continue
        raise Wrong(f"taken: {name}")
    try:
        parse(GOOD.encode().replace(b'"2"', b'"\xff"'))
    except UnicodeDecodeError:
        pass
    else:
        raise Wrong("taken: no UTF-8")
    later = GOOD.replace("1.5", "1.25")
    forward(parse(later.encode()), parse(GOOD.encode()))
    forward(parse(GOOD.encode()), parse(later.replace(" 17", " 18").encode()))
    for wrong in (later, GOOD.replace('a_seconds_total{b="2"} 0\n', "")):
        try:
            forward(parse(GOOD.encode()), parse(wrong.encode()))
        except Wrong:
            continue
        raise Wrong("a counter that went back is not seen")


def main(command, *arguments):
    if command == "self-test":
        self_test()
        return
    families = read(arguments[0])
    if command == "names":
        for family in families.values():
            for name in sorted({family.name + e for e, _, _ in family.samples} -
                               {family.name + "_created"}):
                print(name)
    elif command == "value":
        print(sum_of(families, arguments[1], **dict(a.split("=", 1) for a in arguments[2:])))
    elif command == "forward":
        forward(families, read(arguments[1]))
    elif command == "equal":
        documents = []
        for path in arguments[1:]:
            with open(path, encoding="utf-8") as file:
                documents.append(json.load(file))
        equal(families, *documents)
    elif command == "same":
        with open(arguments[1], encoding="utf-8") as file:
            same_samples(families, file.read())


try:
    main(*sys.argv[1:])
except (Wrong, UnicodeDecodeError) as wrong:
    sys.exit(f"openmetrics: {wrong}")
