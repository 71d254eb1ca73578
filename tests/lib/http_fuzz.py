# SPDX-License-Identifier: GPL-2.0-only
"""http_fuzz.py ADDRESS PORT SEED COUNT FILE…: so many requests of all kinds of nonsense. Whatever is
answered must be HTTP, have the headers that keep browsers safe, and, where it is an error, say so
in JSON; no status of 500 and more but 503. Every few requests one that is right is asked, and has
to be answered. FILEs: names for /api/v1/read. With $TOKEN all have that one."""
import errno
import json
import os
import random
import select
import socket
import sys

PATHS = ["/", "/api/v1/whoami", "/api/v1/status", "/api/v1/show", "/api/v1/exporters",
         "/api/v1/templates", "/api/v1/snapshots", "/api/v1/read", "/api/v1/history",
         "/api/v1/report", "/api/v1/sparklines", "/api/v1/config", "/api/v1/events",
         "/api/v1/settings", "/api/v1/exporters/core-1", "/api/v1/customers/alice", "/metrics",
         "/api/v1/openapi.json", "/nothing", "/api/v1/customers/", "/index.html"]
NAMES = ["q", "sort", "order", "offset", "limit", "id", "kind", "from", "to", "month", "day",
         "percentile", "step", "file", "exporter", "format", "", "x", "q[]", "id\x00"]
VALUES = ["", "alice", "0", "1", "-1", "18446744073709551615", "18446744073709551616", "1e9",
          "desc", "asc", "up", "total", "row", "csv", "json", "-1h", "-99999999999999d", "now",
          "2026-13", "2026-02-30", "9999-12-31", "1969-01-01", "0000-00", "5m", "0s", "1mo",
          "4294967296d", "10.0.0.7", "10.0.0.0/24", "::1", "::ffff:10.0.0.1", "%s%n", "../..",
          "unmatched", "local", "'", "<script>", "\x00", "\xff\xfe", "\u2028", "x" * 3000, "*"]
HEADERS = ["Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0", "Accept-Encoding: \xff",
           "If-None-Match: *", "If-None-Match: \"", "If-None-Match: W/\"0\"", "Accept: text/csv",
           "Authorization: Bearer", "Authorization: Bearer nfm_x", "Authorization: Basic eDp5",
           "Authorization: Bearer " + "a" * 5000, "Range: bytes=0-1", "Expect: 100-continue",
           "Expect: nothing", "Connection: close", "Connection: upgrade", "Upgrade: h2c",
           "Transfer-Encoding: identity", "Cookie: " + "a=b;" * 500, "X: \x80\x81", "X-Y:",
           "Content-Type: text/plain", "Origin: http://evil.example", "Host: localhost",
           "Accept: application/openmetrics-text;version=1.0.0", "TE: trailers", ": x", "no colon",
           " folded"]
METHODS = ["GET"] * 60 + ["HEAD"] * 8 + ["PUT"] * 25 + ["DELETE"] * 5 + [
    "POST", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "G\x00T", "X" * 300, ""]
# What a body is sent to.
CHANGES = ["/api/v1/settings", "/api/v1/exporters/core-1", "/api/v1/customers/alice"]
SAFE = ["content-security-policy", "x-content-type-options", "x-frame-options",
        "referrer-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"]
BODIES = [b"", b"{}", b"[" * 5000, b'{"a":' * 3000 + b"1" + b"}" * 3000, b"\xff\xfe{}",
          b'{"prefixes":["10.0.0.0/24"]}', b'{"prefixes":[null,{},[]]}', b'{"name":"\xc3\x28"}',
          b'{"changes":[{"section":"collector","key":"interval","value":"x"}]}',
          b'{"changes":' + b"[" * 7 + b"]" * 7 + b"}", b'{"a":1e999,"b":-0,"c":00}',
          b'{"name":"\\ud800","prefixes":["::/0"]}', b'{"name":"a\\u0000b","prefixes":["::/0"]}',
          b"{" + b",".join(b'"k%d":1' % i for i in range(100)) + b"}", b"\x00" * 100,
          b" " * 65535 + b"{}", b"x" * 65536, b"y" * 70000, b"{\"a\":\"" + b"z" * 65000 + b'"}',
          b'{"token":"x","peer":"y","command":"status"}', b'{"a":1}{"b":2}', b'{"a":1,}']


class Wrong(Exception):
    pass


class Fuzz:
    def __init__(self, address, port, seed, files):
        self.where, self.random = (address, port), random.Random(seed)
        self.values = VALUES + files * 3
        self.token = os.environ.get("TOKEN")
        self.headers = [line for line in HEADERS
                        if not (self.token and line.startswith("Authorization"))]
        self.statuses = {}
        self.own = 0  # answers of the library, to what is no HTTP

    # ---- questions ----

    def quote(self, text):
        """Percent-encoded: rightly, not at all, twice, or cut off."""
        kind = self.random.random()
        raw = text.encode("utf-8", "surrogateescape")
        if kind < 0.2:
            return raw
        out = b"".join(b"%%%02X" % byte if kind > 0.9 or not chr(byte).isalnum()
                       else bytes([byte]) for byte in raw)
        if kind > 0.97:
            out = out.replace(b"%", b"%25")
        return out + self.random.choice([b"", b"", b"", b"", b"%", b"%4", b"%zz", b"+"])

    def target(self, method):
        pick = self.random
        path = pick.choice(CHANGES if method == "PUT" else PATHS).encode()
        if pick.random() < 0.15:
            at = pick.randrange(len(path) + 1)
            path = path[:at] + pick.choice([b"/", b"%2F", b"..", b"/../", b"%00", b"//", b"\xff",
                                            b"%", b"?", b"#", b";", b" "]) + path[at:]
        pairs = [self.quote(pick.choice(NAMES)) +
                 pick.choice([b"=", b"=", b"=", b"", b"=="]) + self.quote(pick.choice(self.values))
                 for _ in range(pick.choice([0] * 6 + [1, 1, 2, 3, 8, 300]))]
        return path + (b"?" + b"&".join(pairs) if pairs else b"")

    def request(self):
        pick = self.random
        lines = [f"Host: {pick.choice(['localhost'] * 40 + ['evil', '', '127.0.0.1:1', '[::1'])}"]
        lines += [pick.choice(self.headers) for _ in range(pick.choice([0, 0, 0, 1, 1, 2, 20]))]
        if self.token:
            lines.append("Authorization: Bearer " + self.token)
        method = pick.choice(METHODS)
        if pick.random() < 0.02:
            lines += [f"X-{i}: {'v' * 100}" for i in range(400)]
        body = b""
        if method == "PUT" or pick.random() < 0.1:
            body = pick.choice(BODIES)
            if pick.random() < 0.3:
                lines.append("Transfer-Encoding: chunked")
                size = pick.choice([1, 100, 4096, 70000])
                size = max(size, len(body) // 500)
                body = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size])
                                for i in range(0, len(body), size))
                body += pick.choice([b"0\r\n\r\n"] * 5 + [b"", b"zz\r\n", b"ffffffffffffffff\r\n"])
            else:
                wrong = pick.choice([0] * 9 + [-1, 1, 1 << 63])
                lines.append(f"Content-Length: {len(body) + wrong}")
        version = pick.choice(["HTTP/1.1"] * 60 + ["HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "x", ""])
        text = (method.encode() + b" " + self.target(method) + b" " + version.encode() +
                b"\r\n" + b"".join(line.encode("latin-1", "replace") + b"\r\n" for line in lines) +
                b"\r\n" + body)
        kind = pick.random()
        if kind < 0.03:
            text = text[:pick.randrange(len(text) + 1)]
        elif kind < 0.06:
            at = pick.randrange(len(text))
            text = text[:at] + pick.randbytes(pick.choice([1, 4, 50])) + text[at + 1:]
        elif kind < 0.08:
            text = text.replace(b"\r\n", b"\n")
        elif kind < 0.10:
            text = pick.randbytes(pick.randrange(1, 2000))
        return text

    # ---- answers ----

    def check_answer(self, data, of):
        """The first answer's length; 0: it is not whole."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return 0
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ", 2)
        if parts[0] not in ("HTTP/1.1", "HTTP/1.0") or not parts[1].isdigit():
            raise Wrong(f"no HTTP: {lines[0]!r}")
        status = int(parts[1])
        if status == 100:
            return len(head) + 4
        fields = {name.lower(): value.strip()
                  for name, value in (line.split(":", 1) for line in lines[1:])}
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500 and status != 503 and "content-security-policy" in fields:
            raise Wrong(f"{status}: {rest[:200]!r}")
        if fields.get("content-type", "").startswith("text/event-stream"):
            self.check_safe(fields)
            return len(data)
        length = int(fields["content-length"])
        bare = status == 304 or of.startswith(b"HEAD ")
        if not bare and len(rest) < length:
            return 0
        body = b"" if bare else rest[:length]
        if "content-security-policy" not in fields:
            self.check_own(status, fields, body)
        else:
            self.check_safe(fields)
            if status >= 400 and body and list(json.loads(body)) != ["error"]:
                raise Wrong(f"{status}: {body[:200]!r}")
        return len(head) + 4 + len(body)

    @staticmethod
    def check_safe(fields):
        for name in SAFE:
            if name not in fields:
                raise Wrong(f"no {name}: {fields}")

    def check_own(self, status, fields, body):
        """What is no HTTP the library answers by itself: a fixed text, and the connection ends."""
        self.own += 1
        if status not in (400, 413, 414, 431, 500, 501, 505) or b"{" in body or \
                fields.get("connection", "").lower() != "close":
            raise Wrong(f"the library's own: {status} {fields} {body[:200]!r}")

    def ask(self, text, half):
        # from many addresses: a token that was garbled is a wrong one, and ten of them block one
        source = f"127.1.{self.random.randrange(256)}.{self.random.randrange(1, 255)}", 0
        client = socket.create_connection(self.where, timeout=20, source_address=source)
        with client:
            try:
                client.sendall(text)
                if half:
                    client.shutdown(socket.SHUT_WR)
                self.read(client, text)
            except OSError as error:  # it has closed the connection
                if error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
                    raise

    def read(self, client, text):
        """Until it is closed, or nothing comes any more: much of this deserves no answer."""
        data = b""
        while select.select([client], [], [], 0.1 if data else 0.03)[0]:
            more = client.recv(1 << 20)
            if not more:
                break
            data += more
            while data and (length := self.check_answer(data, text)):
                data = data[length:]
                text = b""
                if not data:
                    return

    def run(self, count):
        for number in range(count):
            pick = self.random.random()
            text = self.request()
            if pick < 0.1:  # pipelined; the answer to HEAD would be taken for that to GET
                text += b"".join(more for more in (self.request(), self.request())
                                 if not more.startswith(b"HEAD"))
            try:
                self.ask(text, half=pick > 0.8)
            except (Wrong, ValueError, KeyError, OSError) as error:
                sys.exit(f"request {number}: {error!r} after {text[:900]!r}")
            if number % 50 == 0:
                self.check_alive(number)
        self.check_alive(count)

    def check_alive(self, number):
        with socket.create_connection(self.where, timeout=20) as client:
            client.sendall(b"GET /api/v1/whoami HTTP/1.1\r\nHost: localhost\r\n"
                           b"Authorization: Bearer %s\r\n\r\n" % (self.token or "").encode())
            answer = client.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200 "):
                sys.exit(f"request {number}: the server does not answer any more: {answer[:300]}")


def main():
    fuzz = Fuzz(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[5:])
    fuzz.run(int(sys.argv[4]))
    print("statuses", dict(sorted(fuzz.statuses.items())), "the library's own", fuzz.own)


main()
