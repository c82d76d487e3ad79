"""The local page, asked over HTTP: paste, upload, oversize, garbage, many at once, hosts and origins that are not ours."""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT, Program
from served import served

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

CAPTURES = ROOT / "fixtures" / "captures"
LOG = (CAPTURES / "loss" / "absolute.log").read_bytes()
MEGABYTES = 2  # the server's limit
BOUNDARY = "the-boundary-of-the-form"


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]


class Serving:
    """A running server."""

    def __init__(self, port: int, temporary: Path) -> None:
        """It answers on `port`; `temporary` is its folder for temporary files."""
        self.port = port
        self.temporary = temporary

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request; `headers` are named with _ for -."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, given)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), {k.lower(): v for k, v in response.getheaders()})
        finally:
            connection.close()

    def form(self, **fields: str | bytes | tuple[str, bytes]) -> Answer:
        """Send the form: texts, and files as (name, octets)."""
        parts = []
        for name, value in fields.items():
            head = f'Content-Disposition: form-data; name="{name}"'
            octets = value.encode() if isinstance(value, str) else value
            if isinstance(octets, tuple):
                head += f'; filename="{octets[0]}"\r\nContent-Type: application/octet-stream'
                octets = octets[1]
            parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + octets + b"\r\n")
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        return self.ask("POST", "/report", body, Content_Type=f"multipart/form-data; boundary={BOUNDARY}")

    def send(self, octets: bytes) -> bytes:
        """Send octets that need not be HTTP; return what comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as raw:
            raw.sendall(octets)
            raw.shutdown(socket.SHUT_WR)
            found = b""
            while chunk := raw.recv(65536):
                found += chunk
            return found


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Start the program as a user does; interrupt it at the end."""
    temporary = tmp_path_factory.mktemp("temporary")
    with served("--limit", str(MEGABYTES), temporary=temporary) as port:
        yield Serving(port, temporary)


def test_a_pasted_log_is_explained(serving: Serving) -> None:
    """The answer is its report, in the language chosen, under a strict policy, and is not kept."""
    answer = serving.form(text=LOG, lang="zh", numbering="absolute")
    assert answer.status == 200
    assert "<html lang=zh>" in answer.text
    assert "Fast retransmission" in answer.text
    assert "<title>未命名日志 – tdexplain</title>" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("packing", ["plain", "gzip", "capture"])
def test_an_uploaded_file_is_explained(serving: Serving, packing: str) -> None:
    """A log, a compressed one, or a capture; a file comes before what is pasted beside it."""
    if packing == "capture":
        shutil.which("tcpdump") or pytest.skip("tcpdump is not installed")
    octets = {
        "plain": LOG,
        "gzip": gzip.compress(LOG),
        "capture": (CAPTURES / "loss" / "capture.pcap").read_bytes(),
    }[packing]
    answer = serving.form(text="", file=("<b>x.log", octets))
    assert answer.status == 200
    assert "Complete, closed cleanly" in answer.text
    assert "&lt;b&gt;x.log" in answer.text
    assert "<b>x.log" not in answer.text


def test_a_log_can_be_sent_as_it_is(serving: Serving) -> None:
    """For `curl --data-binary @x.log`."""
    answer = serving.ask("POST", "/report", LOG, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 200
    assert "Complete, closed cleanly" in answer.text
    assert "<title>unnamed log – tdexplain</title>" in answer.text


def test_what_is_too_large_is_turned_away(serving: Serving) -> None:
    """By what it says it will send, by what it sends, and by what it unpacks to."""
    more = (LOG * (MEGABYTES * 1_000_000 // len(LOG) + 2))[: MEGABYTES * 1_000_000 + 200_000]
    head = f"POST /report HTTP/1.1\r\nHost: 127.0.0.1:{serving.port}\r\nContent-Type: text/plain\r\n".encode()
    announced = serving.send(head + b"Content-Length: 99999999999\r\n\r\nx")
    assert announced.startswith(b"HTTP/1.1 413 ")
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (more[:500_000],) * 5)
    assert serving.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n").startswith(
        b"HTTP/1.1 413 "
    )
    for answer in (
        serving.ask("POST", "/report", more, Content_Type="text/plain"),
        serving.form(text=more),
        serving.form(file=("x.log", more)),
        serving.form(file=("bomb.gz", gzip.compress((b"# " + b"x" * 997 + b"\n") * 50_000))),
    ):
        assert answer.status == 413
        assert f"more than {MEGABYTES} MB" in answer.text


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (bytes(range(256)) * 100, 422),
        (gzip.compress(LOG)[:-200], 422),
        (b"\xd4\xc3\xb2\xa1" + bytes(100), 422),
        (b"", 400),
        (b" \n\n", 400),
        (b"no segment here\n", 200),
        (b"Flags [S], " * 50_000, 200),
        ("\u202e\x1b[31m<script>alert(1)</script>\n".encode() * 10, 200),
    ],
)
def test_garbage_is_told_from_logs(serving: Serving, octets: bytes, status: int) -> None:
    """Nothing that is given breaks the server; what cannot be read is said, on the page where it was given."""
    for answer in (serving.form(file=("x", octets)), serving.ask("POST", "/report", octets, Content_Type="text/plain")):
        assert answer.status == status
        assert "<script>alert" not in answer.text
        assert ("id=log-form" in answer.text) == (status != 200)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        (f"multipart/form-data; boundary={BOUNDARY}", b"garbage"),
        (f"multipart/form-data; boundary={BOUNDARY}", f"--{BOUNDARY}\r\nno header\r\n\r\nx\r\n".encode()),
        (
            f"multipart/form-data; boundary={BOUNDARY}",
            f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx".encode(),
        ),
    ],
)
def test_a_broken_form_is_answered(serving: Serving, kind: str, body: bytes) -> None:
    """With 400 and the form, never with a failure of the server."""
    answer = serving.ask("POST", "/report", body, Content_Type=kind)
    assert answer.status == 400
    assert "id=log-form" in answer.text


def test_what_is_no_http_is_answered_or_closed(serving: Serving) -> None:
    """And the server lives on."""
    for octets in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),
        b"GET\r\n\r\n",
        b"\r\n\r\n",
        bytes(70_000),
    ):
        answer = serving.send(octets)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert serving.ask("GET", "/").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/report/../../etc/passwd",
        "/x",
        "//",
        "/static/",
    ],
)
def test_no_file_of_the_machine_is_reached(serving: Serving, path: str) -> None:
    """There are two addresses, and neither names a file."""
    answer = serving.ask("GET", path)
    assert answer.status in {404, 405}
    assert "root:" not in answer.text


def test_other_methods_are_refused(serving: Serving) -> None:
    """A report is asked for by POST, the form by GET."""
    for method, path in (
        ("GET", "/report"),
        ("POST", "/"),
        ("PUT", "/report"),
        ("DELETE", "/"),
        ("OPTIONS", "/report"),
    ):
        assert serving.ask(method, path, b"x" if method in {"POST", "PUT"} else None).status == 405


def test_only_its_own_name_is_answered(serving: Serving) -> None:
    """A name that was made to point here (DNS rebinding), another site's form, no host, two hosts: nothing is told."""
    here = f"127.0.0.1:{serving.port}"
    evil = (
        "evil.example",
        f"evil.example:{serving.port}",
        "127.0.0.1",
        "127.0.0.1:1",
        f"{here}.evil.example",
        "localhost",
        "",
    )
    for host in evil:
        for method, path, body in (("GET", "/", None), ("POST", "/report", LOG)):
            answer = serving.ask(method, path, body, Host=host)
            assert answer.status == 421
            assert "tdexplain" not in answer.text
    for origin in ("http://evil.example", "https://" + here, "null", "http://127.0.0.1"):
        assert serving.ask("POST", "/report", LOG, Origin=origin).status == 403
    for host in (here, f"localhost:{serving.port}", f"LOCALHOST:{serving.port}"):
        assert serving.ask("POST", "/report", LOG, Host=host, Origin=f"http://{here}").status == 200
    assert b"421" in serving.send(b"GET / HTTP/1.0\r\n\r\n").split(b"\r\n")[0]
    assert serving.send(f"GET / HTTP/1.1\r\nHost: {here}\r\nHost: evil.example\r\n\r\n".encode())[:12] in {
        b"HTTP/1.1 400",
        b"HTTP/1.1 421",
    }


def test_many_at_once_get_each_its_own(serving: Serving) -> None:
    """Reports are not mixed up, the form answers meanwhile, and whoever waits for nothing holds up nobody."""
    names = ["close", "refused", "loss", "reuse", "zero_window", "simultaneous"]
    logs = [(CAPTURES / name / "absolute.log").read_text("utf-8") for name in names]
    ports = [re.findall(r"192\.0\.2\.1\.(\d+) >", log)[0] for log in logs]
    with ThreadPoolExecutor(len(logs) + 1) as pool:
        waiting = [pool.submit(serving.form, text=log) for log in logs]
        front = pool.submit(serving.ask, "GET", "/")
        assert front.result().status == 200
        for future, port in zip(waiting, ports, strict=True):
            answer = future.result()
            assert answer.status == 200
            assert f"192.0.2.1:{port}" in answer.text
            assert not [other for other in set(ports) - {port} if f"192.0.2.1:{other}" in answer.text]
    big = (LOG * 400)[: MEGABYTES * 1_000_000]
    for _ in range(3):
        raw = socket.create_connection(("127.0.0.1", serving.port))
        head = f"POST /report HTTP/1.1\r\nHost: 127.0.0.1:{serving.port}\r\nContent-Type: text/plain\r\nContent-Length: {len(big)}\r\n\r\n"
        raw.sendall(head.encode() + big)
        raw.close()
    begun = time.monotonic()
    assert serving.form(text=LOG).status == 200
    assert time.monotonic() - begun < 30


def test_nothing_is_written(serving: Serving) -> None:
    """A log of more than a form's usual room in memory leaves no file, and the port is bound on the loopback address only."""
    answer = serving.form(file=("x.log", (LOG * 200)[:1_800_000]))
    assert answer.status == 200
    assert list(serving.temporary.iterdir()) == []
    bound = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:] if line.split()[3] == "0A"
    ]
    assert [address for address in bound if int(address.split(":")[1], 16) == serving.port] == [
        f"0100007F:{serving.port:04X}"
    ]


def test_a_port_that_is_taken_is_told(program: Program, serving: Serving) -> None:
    """In a line, with the exit code of an output that cannot be written."""
    done = program("serve", "--port", str(serving.port))
    assert done.code == 3
    assert done.err == f"tdexplain: 127.0.0.1:{serving.port}: address already in use\n"


def test_a_missing_package_is_named() -> None:
    """With the command that installs it."""
    code = "import sys; sys.modules['uvicorn'] = None; from tdparse.cli import main; sys.argv = ['tdexplain', 'serve']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "pip install 'tdparse[serve]'" in done.stderr
