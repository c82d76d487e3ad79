"""Ordinary connections on a path that loses nothing give no reason for a remark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from network import quiet
from packets import has, tcpdump_text, write_pcap

from tdparse.diagram import AGAIN
from tdparse.model import Severity, Skipped, Step
from tdparse.pipeline import explain

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAYER = Path(__file__).with_name("real_traffic.py")


@pytest.fixture
def connections(*, thorough: bool) -> int:
    """How many connections there are."""
    return 1000 if thorough else 120


def remarks(lines: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Return the findings above `chat`, those of connections among them, and the verdicts."""
    found: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for item in explain(lines):
        if isinstance(item, Step):
            found.update(finding.code for finding in item.findings if finding.severity is not Severity.CHAT)
        elif not isinstance(item, Skipped):
            verdicts[item.verdict] += 1
            found.update(code for code in item.findings if code in ("one_sided", "unacked_data"))
    return found, verdicts


@pytest.mark.skipif(not has("tcpdump"), reason="tcpdump is not installed")
@pytest.mark.parametrize("options", [("-S",), (), ("-vv",)], ids=["absolute", "relative", "verbose"])
def test_played_connections(tmp_path: Path, options: tuple[str, ...], connections: int) -> None:
    """A thousand played connections (pages, handshakes and records, keystrokes) end clean and without a finding."""
    path = tmp_path / "quiet.pcap"
    write_pcap(path, quiet(connections))
    assert remarks(tcpdump_text(path, *options)) == ({}, {"complete.clean": connections})


def _isolated() -> bool:
    if not has("tcpdump", "unshare", "nsenter", "ip") or os.geteuid():
        return False
    command = "ip link add one type veth peer name two"
    return not subprocess.run(["unshare", "-n", "sh", "-c", command], check=False, capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.parametrize("options", [("-tt", "-S"), ("-tttt", "-vv")], ids=["absolute", "verbose"])
def test_real_connections(options: tuple[str, ...], connections: int) -> None:
    """The same between real sockets over a veth pair, as a live tcpdump prints them."""
    if not _isolated():
        pytest.skip("needs root, network namespaces with veth, ip, nsenter and tcpdump")
    command = ["unshare", "-n", sys.executable, str(PLAYER), str(connections), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found, verdicts = remarks(done.stdout.splitlines())
    # Where the machine is busy, the kernels really send again: they count how often, and hear that it was not needed.
    assert sum(found[code] for code in AGAIN) <= int(done.stderr)
    assert found["dsack"] <= int(done.stderr)
    assert set(found) <= AGAIN | {"dsack"}
    # The connection that tries whether the server is there may still have been closing.
    assert verdicts["complete.clean"] == connections
    assert sum(verdicts.values()) <= connections + 1
