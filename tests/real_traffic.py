"""
Ordinary connections between real sockets, over a veth pair between two network namespaces, as tcpdump prints them.

The last line on standard error says how many segments both kernels sent again meanwhile: on a busy machine they do.

Run inside a new network namespace (``unshare -n``): ``python real_traffic.py CONNECTIONS [TCPDUMP OPTION]…``.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

HERE: Final = "192.0.2.1"
THERE: Final = "192.0.2.2"
HTTP, TLS, SSH = 80, 443, 22
KEYS: Final = 12
PAGE: Final = 40_000


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _read(connection: socket.socket, octets: int) -> bytes:
    data = b""
    while len(data) < octets:
        part = connection.recv(octets - len(data))
        if not part:
            break
        data += part
    return data


def _serve_one(connection: socket.socket, port: int) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if port == HTTP:
            _read(connection, 120)
            connection.sendall(b"h" * PAGE)
        elif port == TLS:
            _read(connection, 517)
            connection.sendall(b"s" * 4200)
            _read(connection, 64 + 300)
            connection.sendall(b"t" * 255)
            connection.sendall(b"d" * 9000)
            _read(connection, 24)
        else:
            for _ in range(KEYS):
                if not _read(connection, 36):
                    break
                connection.sendall(b"e" * 36)
        while connection.recv(4096):
            pass


def serve() -> None:
    """Answer on the three ports until killed."""
    for port in (HTTP, TLS, SSH):
        listener = socket.create_server((THERE, port), backlog=512)

        def accept(listener: socket.socket = listener, port: int = port) -> None:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_serve_one, args=(connection, port), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
    threading.Event().wait()


def _client(number: int) -> None:
    port = (HTTP, TLS, HTTP, SSH)[number % 4]
    with socket.create_connection((THERE, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if port == HTTP:
            connection.sendall(b"g" * 120)
            _read(connection, PAGE)
        elif port == TLS:
            connection.sendall(b"c" * 517)
            _read(connection, 4200)
            connection.sendall(b"f" * 64)
            connection.sendall(b"r" * 300)
            _read(connection, 255 + 9000)
            connection.sendall(b"a" * 24)
        else:
            for _ in range(KEYS):
                time.sleep(0.01)
                connection.sendall(b"k" * 36)
                _read(connection, 36)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


def play(connections: int, options: list[str]) -> None:
    """Make the veth pair, play, and print what tcpdump saw on the client's end."""
    other = subprocess.Popen(["unshare", "-n", sys.executable, __file__, "serve"])
    try:
        _run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
        for _ in range(200):  # until it has its own namespace
            with contextlib.suppress(subprocess.CalledProcessError):
                if Path(f"/proc/{other.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink():
                    _run("ip", "link", "set", "there", "netns", str(other.pid))
                    break
            time.sleep(0.02)
        _run("ip", "address", "add", f"{HERE}/24", "dev", "here")
        _run("ip", "link", "set", "here", "up")
        inside = ["nsenter", "-t", str(other.pid), "-n"]
        _run(*inside, "ip", "address", "add", f"{THERE}/24", "dev", "there")
        _run(*inside, "ip", "link", "set", "there", "up")
        _wait_for_server()
        command = ["tcpdump", "-i", "here", "-nn", "--immediate-mode", "-B", "65536", *options, "tcp"]
        watcher = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert watcher.stderr is not None
        while "listening" not in watcher.stderr.readline():
            pass
        time.sleep(0.2)
        before = _sent_again() + _sent_again(*inside)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(_client, range(connections)))
        time.sleep(0.5)
        watcher.terminate()
        watcher.wait()
        sys.stderr.write(f"{_sent_again() + _sent_again(*inside) - before}\n")
    finally:
        other.kill()
        other.wait()


def _sent_again(*inside: str) -> int:
    """Return how many segments a namespace has sent again so far."""
    counters = subprocess.run([*inside, "cat", "/proc/net/snmp"], check=True, capture_output=True, text=True).stdout
    names, values = (line.split() for line in counters.splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("RetransSegs")])


def _wait_for_server() -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection((THERE, SSH), timeout=1):
            return
        time.sleep(0.05)
    message = "the server does not answer"
    raise TimeoutError(message)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        play(int(sys.argv[1]), sys.argv[2:])
