"""Who is client and who is server: the ranks of R93."""

from __future__ import annotations

import pytest
from scenario import packets, printed

from tdparse.model import Endpoint, Segment, Step
from tdparse.pipeline import explain
from tdparse.record import parse_line
from tdparse.roles import MAX_SERVICES, Roles


def segment(src: str, dst: str, rest: str = "Flags [.], ack 1, win 5, length 0") -> Segment:
    """Return one printed segment."""
    item = parse_line(f"12:00:00.000000 IP {src} > {dst}: {rest}")
    assert isinstance(item, Segment), item
    return item


A, B = "192.0.2.1", "192.0.2.2"
DATA = "Flags [P.], seq 1:11, ack 1, win 5, length 10"


@pytest.mark.parametrize(
    ("src", "dst", "rest", "client", "confidence"),
    [
        (f"{A}.80", f"{B}.40000", "Flags [S], seq 5, win 9, length 0", True, 1.00),
        (f"{A}.80", f"{B}.40000", "Flags [SEW], seq 5, win 9, length 0", True, 1.00),
        (f"{A}.40000", f"{B}.80", "Flags [S.], seq 5, ack 6, win 9, length 0", False, 0.99),
        (f"{A}.40000", f"{B}.9", f"{DATA}: HTTP: GET / HTTP/1.1", True, 0.95),
        (f"{A}.9", f"{B}.40000", f"{DATA}: HTTP: POST /x HTTP/1.1", True, 0.95),
        (f"{A}.40000", f"{B}.9", f"{DATA}: HTTP: HTTP/1.1 200 OK", False, 0.95),
        (f"{A}.40000", f"{B}.9", f"{DATA}: SSH: SSH-2.0-OpenSSH_9.2", False, 0.95),
        (f"{A}.40000", f"{B}.9", f"{DATA}: SMTP: 220 mail.example.com", False, 0.95),
        (f"{A}.9", f"{B}.40000", f"{DATA}: SMTP: EHLO mail.example.com", True, 0.95),
        (f"{A}.40000", f"{B}.80", f"{DATA}: HTTP", True, 0.90),  # the body of a message says nothing
        (f"{A}.5000", f"{B}.80", "Flags [R.], seq 0, ack 6, win 0, length 0", False, 0.90),
        (f"{A}.40000", f"{B}.22", DATA, True, 0.90),
        (f"{A}.443", f"{B}.444", DATA, True, 0.55),  # both below 1024: the first payload decides
        (f"{A}.40000", f"{B}.https", DATA, True, 0.90),
        (f"{A}.https", f"{B}.40000", DATA, False, 0.90),
        (f"{A}.3306", f"{B}.2000", DATA, False, 0.80),
        (f"{A}.2000", f"{B}.8080", DATA, True, 0.80),
        (f"{A}.50000", f"{B}.7777", DATA, True, 0.75),
        (f"{A}.7777", f"{B}.32768", DATA, False, 0.75),
        (f"{A}.7777", f"{B}.7778", DATA, True, 0.55),
        (f"{A}.7778", f"{B}.7777", "Flags [.], ack 1, win 5, length 0", True, 0.55),
        (f"{A}.7777", f"{B}.7778", "Flags [.], ack 1, win 5, length 0", False, 0.55),
        (f"{A}.7777", f"{B}.7777", "Flags [.], ack 1, win 5, length 0", True, 0.50),
        (f"{A}.ssh", f"{B}.https", "Flags [.], ack 1, win 5, length 0", True, 0.50),
        (f"{A}.ssh", f"{B}.1023", DATA, False, 0.55),  # rresvport: the client's port has no name
        (f"{A}.800", f"{B}.nfs", DATA, True, 0.55),
        (f"{A}.ssh", f"{B}.443", DATA, True, 0.50),
    ],
)
def test_the_first_record_decides(src: str, dst: str, rest: str, client: bool, confidence: float) -> None:  # noqa: FBT001
    """The first rank that applies says whether the sender is the client, and how surely."""
    assert Roles().decide(segment(src, dst, rest)) == (client, confidence)


def noted(*flows: tuple[str, str, float]) -> Roles:
    """Return roles that have seen these incarnations: (client, server, confidence)."""
    roles = Roles()
    for client, server, confidence in flows:
        ends = segment(client, server)
        roles.note(ends.src, ends.dst, confidence)
    return roles


def test_a_server_proven_elsewhere_in_the_log() -> None:
    """Rank 3: a SYN or SYN-ACK in another incarnation proves the role of an address and port."""
    roles = noted((f"{A}.5001", f"{B}.7777", 1.0))
    assert roles.decide(segment(f"{B}.7777", "192.0.2.3.80")) == (False, 0.95)
    assert roles.decide(segment("192.0.2.3.80", f"{B}.7777")) == (True, 0.95)


def test_a_guess_proves_nothing() -> None:
    """Rank 3 builds on ranks 1 and 2 only."""
    roles = noted((f"{A}.5001", f"{B}.7777", 0.9))
    assert roles.decide(segment(f"{B}.7777", f"{A}.5001")) == (True, 0.55)


def test_many_partners_make_a_server() -> None:
    """Rank 7: an address and port with different partners."""
    roles = noted((f"{A}.7778", f"{B}.7777", 0.55))
    assert roles.decide(segment("192.0.2.3.7776", f"{B}.7777")) == (True, 0.85)
    assert roles.decide(segment(f"{B}.7777", "192.0.2.3.7776")) == (False, 0.85)
    assert roles.decide(segment(f"{A}.7778", f"{B}.7777")) == (True, 0.55)  # the same partner again


def test_memory_is_bounded() -> None:
    """However many servers a log has, only so many are remembered, the latest ones."""
    roles = Roles()
    for number in range(MAX_SERVICES + 10):
        roles.note(Endpoint("192.0.2.1", 1), Endpoint(f"s{number}", 7777), 1.0)
    assert len(roles._servers) == MAX_SERVICES
    assert Endpoint("s9", 7777) not in roles._servers
    assert Endpoint(f"s{MAX_SERVICES + 9}", 7777) in roles._servers


def test_the_role_is_never_changed_in_the_middle() -> None:
    """R94: decided once an incarnation, whatever shows up later."""
    text = "C P. 5\nS P. 9\nC .\nS F.\nC F.\nS ."
    lines = printed(packets(text, established=True, client="192.0.2.1.7778", server="192.0.2.2.7777"))
    lines[1] += ": HTTP: GET / HTTP/1.1"
    steps = [item for item in explain(lines) if isinstance(item, Step)]
    assert len({step.flow for step in steps}) == 1
    assert steps[0].flow.role_confidence == 0.55


def test_a_second_connection_knows_the_server_of_the_first() -> None:
    """Rank 3 through a whole log: the opening of one connection tells the roles of one met half-way."""
    first = packets("C S\nS S.\nC .\nC P. 5", client="192.0.2.1.7778", server="192.0.2.2.7777")
    second = packets("S P. 5\nC .", established=True, client="192.0.2.3.7776", server="192.0.2.2.7777")
    steps = [item for item in explain(printed([*first, *second])) if isinstance(item, Step)]
    assert [step.sender for step in steps[-2:]] == ["server", "client"]
    assert steps[-1].flow.role_confidence == 0.95
