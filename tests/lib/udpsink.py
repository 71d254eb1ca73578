# SPDX-License-Identifier: GPL-2.0-only
"""udpsink.py ADDRESS PORT FILE: an old collector. Writes each datagram to FILE, length first (32 bits,
big-endian), until it is told to stop. Says "ready" once it is bound."""
import signal
import socket
import struct
import sys


def main():
    address, port, path = sys.argv[1:]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sink = socket.socket(family, socket.SOCK_DGRAM)
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    sink.bind((address, int(port)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, "wb", buffering=0) as out:
        print("ready", flush=True)
        while True:
            payload = sink.recv(65536)
            out.write(struct.pack(">I", len(payload)) + payload)


main()
