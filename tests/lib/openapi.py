# SPDX-License-Identifier: GPL-2.0-only
"""openapi.py DOC BASE VALUES [UNSEEN…]: asks the API at BASE all that the OpenAPI document DOC
offers, each parameter with each of its values (VALUES: JSON, {parameter: [value…]}; names of
"PATH parameter" go before), and says where document and answers differ. UNSEEN: keys that need not
come here, "Read.gaps[].from"."""
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import jsonschema

METHODS = ("GET", "PUT", "DELETE", "POST", "PATCH")
NAME = "[a-zA-Z0-9._-]+"

# What this document may look like: a part of OpenAPI 3.1, closed, so that slips are seen.
REF = {"type": "object", "properties": {"$ref": {"type": "string", "pattern": "^#/components/"}},
       "required": ["$ref"], "additionalProperties": False}


def closed(required, /, **properties):
    return {"type": "object", "properties": properties, "required": required,
            "additionalProperties": False}


def each(schema, names=".*"):
    return {"type": "object", "patternProperties": {f"^{names}$": schema},
            "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
SCHEMA = {"type": "object"}
CONTENT = each(closed(["schema"], schema=SCHEMA), "[a-z]+/[a-z-]+")
HEADERS = each({"anyOf": [REF, closed(["schema"], schema=SCHEMA, description=TEXT)]})
RESPONSE = {"anyOf": [REF, closed(["description"], description=TEXT, content=CONTENT,
                                  headers=HEADERS)]}
PARAMETER = closed(["name", "in", "required", "schema", "description", "example"], **{
    "name": TEXT, "in": {"enum": ["query", "path"]}, "required": {"type": "boolean"},
    "description": TEXT, "schema": SCHEMA, "style": {"const": "form"}, "explode": {"const": True},
    "example": {}})
OPERATION = closed(
    ["operationId", "summary", "responses", "security"], operationId=TEXT, summary=TEXT,
    description=TEXT, parameters={"type": "array", "items": PARAMETER},
    requestBody=closed(["required", "content"], required={"const": True}, content=CONTENT),
    responses={**each(RESPONSE, r"\d{3}"), "required": ["200"]},
    security={"type": "array", "minItems": 1,
              "items": each({"type": "array", "items": TEXT}, "token")})
DOCUMENT = closed(
    ["openapi", "info", "paths", "components"], openapi={"const": "3.1.0"},
    info=closed(["title", "version"], title=TEXT, version=TEXT, description=TEXT,
                license=closed(["name"], name=TEXT, identifier=TEXT)),
    servers={"type": "array", "items": closed(["url"], url=TEXT)},
    paths=each(each(OPERATION, "(get|put|delete)"), r"/[a-z0-9/_.{}]+"),
    components=closed(["schemas"], schemas=each(SCHEMA, NAME), responses=each(RESPONSE, NAME),
                      headers=HEADERS, securitySchemes=each(SCHEMA, NAME)))


class Checker:
    def __init__(self, document, base, values, unseen):
        self.document, self.base, self.values = document, base, values
        self.unseen = set(unseen)
        self.found = []
        self.asked = 0
        self.seen = set()

    def say(self, text):
        self.found.append(text[:600])

    # ---- the document ----

    def at(self, reference):
        part = self.document
        for step in reference[2:].split("/"):
            part = part[step]
        return part

    def check_document(self):
        checker = jsonschema.Draft202012Validator
        checker.check_schema(DOCUMENT)
        for error in checker(DOCUMENT).iter_errors(self.document):
            self.say(f"the document: {error.json_path}: {error.message}")
        for name, schema in self.document["components"]["schemas"].items():
            checker.check_schema(schema)
            for example in schema.get("examples", []):
                self.check_answer(name, example, "its example")
        self.seen.clear()
        for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(self.document)):
            self.at(reference)
        names = [operation["operationId"] for path in self.document["paths"].values()
                 for operation in path.values()]
        if len(names) != len(set(names)):
            self.say("an operationId is there twice")
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                self.check_operation(path, method, operation)

    def check_operation(self, path, method, operation):
        parameters = operation.get("parameters", [])
        if sorted(re.findall(r"\{(\w+)\}", path)) != sorted(
                parameter["name"] for parameter in parameters if parameter["in"] == "path"):
            self.say(f"{method} {path}: the path has other parameters")
        for parameter in parameters:
            try:
                jsonschema.validate(parameter["example"], parameter["schema"])
            except jsonschema.ValidationError as error:
                self.say(f"{path}: example of {parameter['name']}: {error.message}")

    # ---- answers ----

    def schema(self, name):
        return {"$ref": f"#/components/schemas/{name}", "components": self.document["components"]}

    def check_text(self, name, text, of):
        try:
            self.check_answer(name, json.loads(text), of)
        except ValueError:
            self.say(f"{of}: no JSON: {text[:200]}")

    def check_answer(self, name, answer, of):
        validator = jsonschema.Draft202012Validator(
            self.schema(name), format_checker=jsonschema.FormatChecker())
        for error in validator.iter_errors(answer):
            self.say(f"{of}: {error.json_path}: {error.message}")
        self.see(name, answer)

    def see(self, way, value):
        self.seen.add(way)
        if isinstance(value, dict):
            for key, part in value.items():
                self.see(f"{way}.{key}", part)
        elif isinstance(value, list):
            for part in value:
                self.see(way + "[]", part)

    def keys(self, way, schema):
        """All keys that a schema names."""
        if "$ref" in schema:
            schema = self.at(schema["$ref"])
        yield way
        for key, part in schema.get("properties", {}).items():
            yield from self.keys(f"{way}.{key}", part)
        if "items" in schema:
            yield from self.keys(way + "[]", schema["items"])

    def ask(self, method, path, query=()):
        """Status, type and body of an answer."""
        self.asked += 1
        url = self.base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.headers["Content-Type"], reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read()

    def values_of(self, path, parameter):
        last = path.split("/")[-1]
        given = self.values.get(f"{last} {parameter['name']}", self.values.get(parameter["name"]))
        if given is not None:
            return given
        return parameter["schema"].get("enum", [parameter["example"]])

    def expect(self, wanted, method, path, query=()):
        status, kind, body = self.ask(method, path, query)
        if status != wanted:
            self.say(f"{method} {path} {query}: {status} instead of {wanted}: {body[:200]}")
        elif status >= 400:
            self.check_text("Error", body, f"{method} {path} {query}")
        return kind, body

    def check_get(self, path, operation):
        parameters = operation.get("parameters", [])
        needed = [(p["name"], self.values_of(path, p)[0]) for p in parameters
                  if p["required"] or (path.endswith("history") and p["name"] == "id")]
        queries = [needed] + [
            [pair for pair in needed if pair[0] != p["name"]] + [(p["name"], value)]
            for p in parameters for value in self.values_of(path, p)]
        content = operation["responses"]["200"]["content"]
        for query in queries:
            kind, body = self.expect(200, "GET", path, query)
            kind = kind.split(";")[0]
            if kind not in content:
                self.say(f"{path} {query}: {kind}")
            elif kind == "application/json":
                schema = content[kind]["schema"]
                if "$ref" in schema:
                    self.check_text(schema["$ref"].split("/")[-1], body, f"{path} {query}")
        if not path.endswith(".json"):  # of a file everything is let pass
            self.check_wrong(path, needed, parameters)

    def check_wrong(self, path, needed, parameters):
        self.expect(400, "GET", path, needed + [("mood", "x")])
        self.expect(404, "GET", path + "x")
        for parameter in parameters:
            schema = parameter["schema"]
            if "enum" in schema or schema["type"] == "integer":
                for wrong in ("nonsense", "", "-1"):
                    self.expect(400, "GET", path, needed + [(parameter["name"], wrong)])
            if parameter["required"]:
                self.expect(400, "GET", path, [p for p in needed if p[0] != parameter["name"]])

    def check_events(self, path):
        with urllib.request.urlopen(self.base + path, timeout=20) as reply:
            if reply.headers["Content-Type"] != "text/event-stream":
                self.say("events: " + reply.headers["Content-Type"])
            lines = [reply.readline() for _ in range(3)]
        if lines[0] != b"event: live\n" or lines[2] != b"\n":
            self.say(f"events: {lines}")
        self.check_text("Events", lines[1].removeprefix(b"data: "), "events")

    def check_paths(self, skipped):
        for path, operations in self.document["paths"].items():
            if path in skipped:
                continue
            for method in METHODS:
                if method.lower() not in operations:
                    self.expect(405, method, path.replace("{", "").replace("}", ""))
            if path == "/api/v1/events":
                self.check_events(path)
            elif "get" in operations:
                self.check_get(path, operations["get"])

    def check_seen(self, skipped):
        for path, operations in self.document["paths"].items():
            content = operations.get("get", {"responses": {"200": {"content": {}}}})[
                "responses"]["200"]["content"]
            schema = content.get("application/json", {}).get("schema", {})
            if path in skipped or "$ref" not in schema:
                continue
            name = schema["$ref"].split("/")[-1]
            for way in self.keys(name, schema):
                if way not in self.seen and way not in self.unseen:
                    self.say(f"{way}: in the document, but never came")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    values = json.loads(sys.argv[3])
    skipped = values.pop("skip", [])
    checker = Checker(document, sys.argv[2], values, sys.argv[4:])
    checker.check_document()
    checker.check_paths(skipped)
    checker.check_seen(skipped)
    print(f"{checker.asked} questions", file=sys.stderr)
    print("\n".join(checker.found[:40]))
    sys.exit(bool(checker.found))


main()
