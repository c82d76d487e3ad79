"""The local page as a user starts it, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import TDEXPLAIN, started


@contextmanager
def served(*options: str, temporary: Path) -> Iterator[int]:
    """Yield the port on which `tdexplain serve` answers; it must end quietly when it is interrupted."""
    command = [*TDEXPLAIN, "serve", "--port", "0", *options]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with started(command, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stderr is not None
        said = process.stderr.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        assert found, said
        port = int(found[1])
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield port
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""
