# SPDX-License-Identifier: GPL-2.0-only
"""slow.py ADDRESS PORT PATH CLIENTS: clients that read nothing of their answer, and as many whose
request comes byte by byte. Says "ready", then "cut N" as soon as all of these are cut, or after
30 s; who reads nothing is not told that."""
import select
import socket
import sys
import time


def main():
    address, port, path, clients = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    deaf, slow = [], []
    for group in deaf, slow:
        for _ in range(clients):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((address, port))
            group.append(client)
    for client in deaf:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".encode()
    print("ready", flush=True)
    poll = select.poll()
    for client in slow:
        poll.register(client, 0)  # hanging up is always told
    cut, end, turn = set(), time.monotonic() + 30, 0
    while len(cut) < clients and time.monotonic() < end:
        for client in slow:
            if client.fileno() not in cut:
                try:
                    client.sendall(head[turn:turn + 1] or b"x")
                except OSError:
                    cut.add(client.fileno())
        turn += 1
        for number, event in poll.poll(1000):
            cut.add(number)
            poll.unregister(number)
        time.sleep(0.1)
    print("cut", len(cut), flush=True)


main()
