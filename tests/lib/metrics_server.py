# SPDX-License-Identifier: GPL-2.0-only
"""metrics_server.py PORT COMMAND...: answers each GET of 127.0.0.1:PORT with what COMMAND prints, as
OpenMetrics. Says "ready" once it listens."""
import http.server
import subprocess
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, check=False)
        self.send_response(500 if done.returncode else 200)
        self.send_header("Content-Type",
                         "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.send_header("Content-Length", str(len(done.stdout)))
        self.end_headers()
        self.wfile.write(done.stdout)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
