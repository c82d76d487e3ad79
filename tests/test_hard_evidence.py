"""What only shows in connections that few tests think of: what one segment proves about those before it."""

from __future__ import annotations

import pytest
from played import conversation, play

REFUSED = "C S\nS R.\nS S.\n"
OPEN = "C S\nS S.\nC .\n"
USED = OPEN + "C P. 100\nS .\n"


@pytest.mark.parametrize(
    ("packets", "steps", "verdict", "states"),
    [
        (
            REFUSED + "C .\nC P. 10\nS .",
            "handshake.ack data.push data.ack",
            "still_open.data",
            "ESTABLISHED/ESTABLISHED",
        ),
        (
            REFUSED + "C .\nC P. 10\nS P. 20\nC F.\nS F.\nC .",
            "handshake.ack data.push data.push teardown.fin.active teardown.fin_ack teardown.last_ack",
            "complete.clean",
            "TIME-WAIT/CLOSED?",
        ),
        (REFUSED + "C . +2\nS P. 10", "handshake.ack data.push", "still_open.data", "ESTABLISHED/ESTABLISHED"),
        ("C S\nS S.\nS R\nC .\nC P. 10\nS P. 20\nC .", "data.ack", "still_open.data", "ESTABLISHED/ESTABLISHED"),
        (
            USED + "S R.\nS P. 10\nC .\nS F.\nC F.\nS .",
            "data.ack teardown.fin.active teardown.fin_ack teardown.last_ack",
            "complete.clean",
            "CLOSED?/TIME-WAIT",
        ),
        (USED + "S R.\nS F.\nC .", "teardown.ack_of_fin", "half_closed.by_server", "CLOSE-WAIT/FIN-WAIT-2?"),
    ],
    ids=["refused", "refused, then closed", "later", "half open", "open", "FIN"],
)
def test_who_acknowledges_what_came_after_a_reset_was_not_reset(
    packets: str, steps: str, verdict: str, states: str
) -> None:
    """R7, R21, R116: it was not on its way when the RST passed; so its sender goes on, too, and all that it sends counts."""
    played, (end,) = conversation(packets)
    wanted = steps.split()
    assert [step.step for step in played[-len(wanted) :]] == wanted
    ignored = [step for step in played if "rst_ignored" in [finding.code for finding in step.findings]]
    assert [step.step for step in ignored] == wanted[:1]
    assert (end.verdict, f"{end.client_state}/{end.server_state}") == (verdict, states)
    assert "not_captured" not in end.attributes
    assert not {"acked_unseen", "lost_segment"} & end.findings.keys()


@pytest.mark.parametrize("late", ["S P. 10", "S P. 10\nC . ack=1 seq=101", "S P. 10 seq=1\nC P. 10 ack=1"])
def test_who_acknowledges_only_what_came_before_a_reset_may_have_been_reset(late: str) -> None:
    """R7, R21: that may have crossed the RST."""
    _, (end,) = conversation(USED + "S R.\n" + late)
    assert end.verdict == "reset_by_server.data"
    assert "rst_ignored" not in end.findings


@pytest.mark.parametrize("late", ["", "C R", "C R\nS R."], ids=["silence", "RST", "RSTs"])
def test_a_syn_ack_comes_too_late_for_a_refused_syn(late: str) -> None:
    """Verdicts 10 and 15: no SYN-ACK had been captured when the RST was, so it was no handshake that it aborted."""
    _, (end,) = conversation(REFUSED + late)
    assert end.verdict == "refused"


@pytest.mark.parametrize(
    ("probes", "steps", "verdict"),
    [
        ("C . +0.2\nC . +0.4", ["probe.zero_window"] * 2, "stalled.zero_window_server"),
        ("C . +2", ["probe.zero_window"], "stalled.zero_window_server"),
        ("C P. 1 seq=1 +5", ["probe.zero_window"], "stalled.zero_window_server"),
        ("C . +0.2\nS . win=0", ["probe.zero_window", "probe.zero_window_ack"], "stalled.zero_window_server"),
        ("C . +0.2\nS . win=9", ["probe.zero_window", "stepless.ack"], "still_open.no_data"),
        ("C . <mptcp 20 add-addr id 3 11.0.0.1>", ["stepless.ack"], "still_open.no_data"),
        ("C F. seq=1", ["teardown.fin.active"], "close_unanswered.by_client"),
    ],
    ids=["empty", "later", "octet", "answered", "opened", "another address", "FIN"],
)
def test_the_window_of_a_syn_ack_may_be_closed(probes: str, steps: list[str], verdict: str) -> None:
    """R108, verdict 31: its 0 is 0 under any scale; what has another reason is no probe."""
    played, (end,) = conversation("C S\nS S. win=0\nC .\n" + probes)
    assert [step.step for step in played[3:]] == steps
    assert end.verdict == verdict


@pytest.mark.parametrize(
    ("packets", "verdict"),
    [
        ("C P. 9\nS . win=0\nC . +0.2\nS . win=0", "stalled.zero_window_server"),
        ("C P. 9\nS . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8", "stalled.unacked_server"),
        ("S . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8", "stalled.unacked_server"),
        ("S . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8\nS . 50 seq=51", "one_sided.server"),
        ("C P. 9\nS . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8\nC .", "mid_stream.open"),
        ("C P. 9\nS . 50 lost\nS . 50 seq=1 +0.4\nS . 50 seq=1 +0.8\nC R.", "mid_stream.reset"),
    ],
    ids=["window", "data", "data of one side", "which goes on", "data that arrives", "RST"],
)
def test_an_excerpt_may_end_in_a_stall(packets: str, verdict: str) -> None:
    """R115, verdicts 28-31: they stand before 34-39, and demand no handshake."""
    _, (end,) = conversation(packets, established=True)
    assert end.verdict == verdict


@pytest.mark.parametrize("acks", ["ack 1001", "ack 1"], ids=["absolute", "relative"])
@pytest.mark.parametrize(
    ("places", "steps"),
    [
        (["eth0  In ", "br0   Out", "veth1 P  "], ["handshake.refused", *["stepless.capture_duplicate"] * 2]),
        (["eth0  In ", "eth0  In ", "eth0  In "], ["handshake.refused", "reset.repeat", "reset.repeat"]),
    ],
    ids=["elsewhere", "in one place"],
)
def test_a_reset_that_is_captured_in_several_places_is_one(acks: str, places: list[str], steps: list[str]) -> None:
    """R112: with -i any a packet passes them within a millisecond; two in one place reject a segment each."""
    ends = "10.0.0.2.80 > 10.0.0.1.1000"
    lines = ["10:00:00.000100 eth0  Out IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1000, win 9, length 0"]
    for place, ack in zip(places, ["ack 1001", acks, acks], strict=True):
        lines.append(f"10:00:00.00020{len(lines)} {place} IP {ends}: Flags [R.], seq 0, {ack}, win 0, length 0")
    played, (end,) = play(lines)
    assert [step.step for step in played[1:]] == steps
    assert ("rst_storm" in end.findings) is ("reset.repeat" in steps)


@pytest.mark.parametrize(
    ("packets", "verdict"),
    [
        (OPEN + "C R. seq=1343 ack=132929", "reset_by_client.data"),
        (OPEN + "S R. seq=132929 ack=1343", "reset_by_server.data"),
        (OPEN + "C . seq=1343 ack=132929\nC R. seq=1343 ack=132929", "reset_by_client.data"),
        (OPEN + "C . ack=132929", "still_open.data"),
        (OPEN + "C R.", "reset_by_client.open"),
        (OPEN + "C . ack=2", "still_open.no_data"),
        (OPEN + "C R. ack=2", "reset_by_client.open"),
    ],
    ids=["RST of the client", "RST of the server", "both", "ACK", "none", "one number", "one number of an RST"],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_payload_that_was_not_captured_was_sent(packets: str, verdict: str, absolute: bool) -> None:  # noqa: FBT001
    """R16, R119: what was acknowledged had been sent; a single number may be that of a FIN."""
    _, (end,) = conversation(packets, absolute=absolute)
    assert end.verdict == verdict


SYN = "Flags [S], seq 2560603644, win 512, length 0"
BEFORE = "Flags [.], ack {}, win 512, length 0"


@pytest.mark.parametrize("ack", ["5", "2541101298"], ids=["relative", "absolute"])
def test_an_ack_of_bases_from_before_the_log_has_no_place(ack: str) -> None:
    """R32, R35, verdict 11: nothing is known of it but that the RST that answers it, which prints absolute, rejects it."""
    ends = ["127.0.0.1.45150 > 127.0.0.1.4242", "127.0.0.1.4242 > 127.0.0.1.45150"]
    said = [SYN, BEFORE.format(ack), "Flags [R], seq 2541101298, win 0, length 0", SYN]
    lines = [f"10:00:0{n}.000000 IP {ends[n == 1]}: {text}" for n, text in enumerate(said)]
    steps, (end,) = play(lines)
    assert [step.step for step in steps[1:]] == ["stepless.ack", "reset.reject_bad_ack", "handshake.syn.retransmit"]
    assert steps[1].ack == (None if ack == "5" else int(ack))
    assert (end.verdict, [*end.findings]) == ("rejected_old", ["syn_retransmission"])


@pytest.mark.parametrize(("first", "last"), [(1449, 2897), (51_488_857, 51_521_241)], ids=["few", "many"])
def test_numbers_are_relative_however_much_one_side_has_sent(first: int, last: int) -> None:
    """R32 a, R34: the other's is that of who has only asked; so an RST without ACK stands for itself."""
    ends = ["10.0.0.2.80 > 10.0.0.1.1000", "10.0.0.1.1000 > 10.0.0.2.80"]
    said = [
        f"Flags [.], seq {first}:{last}, ack 1577, win 268, length {last - first}",
        f"Flags [.], ack {last}, win 606, length 0",
        "Flags [R], seq 92176528, win 0, length 0",
    ]
    steps, (end,) = play(f"10:00:00.00000{n} IP {ends[n > 0]}: {text}" for n, text in enumerate(said))
    assert [step.step for step in steps] == ["data.segment", "data.ack", "reset.abort"]
    assert [step.seq for step in steps[:2]] == [None, None]
    assert end.verdict == "mid_stream.reset"


def test_a_number_that_has_wrapped_is_no_relative_one() -> None:
    """R31, R34: the other one is too large for what was sent since its SYN."""
    steps, _ = play(
        [
            "10:00:00.000000 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 5:105, ack 2000000001, win 268, length 100",
            "10:00:00.000001 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [.], ack 105, win 606, length 0",
        ]
    )
    assert [(step.seq, step.ack) for step in steps] == [(5, 2_000_000_001), (2_000_000_001, 105)]
