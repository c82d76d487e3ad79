"""What the options of the SYNs negotiate, and what that means for every later segment (R75 to R82)."""

from __future__ import annotations

import pytest
from played import Played, compare, conversation, play
from scenario import packets, printed

from tdparse.wording import notes, state_text

TS = "mss 1460,sackOK,TS val {} ecr {},nop,wscale 7"


def metric(played: Played, name: str) -> object:
    """Return a metric of the only connection."""
    (end,) = played.connections
    return end.metrics.get(name)


# ------------------------------------------------------------------ MSS


@pytest.mark.parametrize(
    ("client", "server", "announced", "usable"),
    [
        ("mss 1460", "mss 1380", (1460, 1380), (1380, 1460)),
        ("mss 1380,TS val 1 ecr 0", "mss 1460,TS val 9 ecr 1", (1380, 1460), (1448, 1368)),
        ("mss 1460,TS val 1 ecr 0", "mss 1460", (1460, 1460), (1460, 1460)),
        ("nop", "mss 1460", (None, 1460), (1460, 536)),
    ],
)
def test_each_side_announces_what_it_can_receive(
    client: str, server: str, announced: tuple[int | None, ...], usable: tuple[int, ...]
) -> None:
    """R75: two independent values; a sender is bound by its peer's, less 12 octets of timestamps; 536 if there is none."""
    played = conversation(f"C S <{client}>\nS S. <{server}>\nC .")
    mss, effective = metric(played, "mss"), metric(played, "mss_effective")
    assert mss == dict(zip(("client", "server"), announced, strict=True))
    assert effective == dict(zip(("client", "server"), usable, strict=True))


def test_ipv6_has_another_default() -> None:
    """R75: without the option 1220 octets over IPv6."""
    found = packets("C S\nS S. <mss 1440>\nC .", client="2001:db8::1.40000", server="2001:db8::2.80")
    (end,) = play(printed(found)).connections
    assert end.metrics["mss_effective"] == {"client": 1440, "server": 1220}


def test_payload_above_the_mss_is_offload() -> None:
    """R75, R8: what the network card cuts or joins is larger than the MSS at the host itself: a remark of `chat`."""
    steps, _ = conversation("C S <mss 1460>\nS S. <mss 1400>\nC .\nC . 2800\nS . 1460")
    larger = [(finding.code, finding.severity) for step in steps for finding in step.findings]
    assert larger == [("mss_exceeded", "chat")]
    assert [step.segment.length for step in steps if "offload" in step.modifiers] == [2800]


# ------------------------------------------------------------------ window scale


@pytest.mark.parametrize(
    ("opening", "windows"),
    [
        ("C S <wscale 5> win=65535\nS S. <wscale 7> win=28960", (4104 << 5, 235 << 7)),
        ("C S <wscale 14>\nS S. <wscale 14>", (4104 << 14, 235 << 14)),
        ("C S <wscale 15>\nS S. <wscale 0>", (4104 << 14, 235)),
        ("C S <wscale 5>\nS S. <mss 1460>", (4104, 235)),
        ("C S <mss 1460>\nS S. <wscale 7>", (4104, 235)),
        ("C S <mss 1460>\nS S. <mss 1460>", (4104, 235)),
        ("C S <wscale 5> unseen\nS S. <wscale 7>", (None, 235 << 7)),  # it answers a SYN that had one
        ("C S <wscale 5>\nS S. <wscale 7> unseen", (None, None)),
        ("C S <wscale 5> unseen\nS S. <wscale 7> unseen", (None, None)),
    ],
)
def test_windows_are_scaled_by_what_their_sender_announced(opening: str, windows: tuple[int | None, ...]) -> None:
    """R76: only if SYN and SYN-ACK carry it, at most by 14; unknown where no SYN that was captured decides."""
    steps, (end,) = conversation(f"{opening}\nC . win=4104\nS P. 1 win=235")
    assert tuple(step.window_scaled for step in steps[-2:]) == windows
    assert [("raw_win" in step.modifiers) for step in steps[-2:]] == [window is None for window in windows]
    assert ("wscale_unknown" in end.findings) == (None in windows)


def test_the_window_of_a_syn_is_never_scaled() -> None:
    """R76: 65535 in a SYN that carries wscale is 65535 octets; 1,073,725,440 is the largest window there is."""
    played = conversation("C S <wscale 14> win=65535\nS S. <wscale 14> win=28960\nC . win=65535")
    first, second, third = played.steps
    assert (first.window_scaled, second.window_scaled, third.window_scaled) == (None, None, 1_073_725_440)
    assert metric(played, "window_min") == {"client": 65535, "server": 28960}
    assert metric(played, "window_max") == {"client": 1_073_725_440, "server": 28960}


def test_scaling_offered_by_one_side_or_too_far_is_told() -> None:
    """R76: `wscale_ignored` where one SYN lacks the option, `wscale_too_large` above 14."""
    _, (one,) = conversation("C S <wscale 7>\nS S. <mss 1460>")
    assert one.findings.keys() >= {"wscale_ignored"}
    _, (large,) = conversation("C S <wscale 15>\nS S. <wscale 7>")
    assert "wscale_too_large" in large.findings
    assert "wscale_ignored" not in large.findings


# ------------------------------------------------------------------ SACK


def test_sack_blocks_name_octets() -> None:
    """R77: the left edge is inclusive, the right one exclusive; a first block at or below the ack is a D-SACK."""
    found, expected = compare(
        """
        C S <mss 1460,sackOK>
        S S. <mss 1460,sackOK>
        C .
        S . 10
        S . 10 lost
        S . 10
        C . sack=21-31         # data.ack +sack !sack_gap
        S . 10 seq=11          # data.retransmit !retransmission
        C .
        S . 10 seq=11          # data.retransmit !spurious_retransmission
        C . sack=11-21         # stepless.ack +dsack !dsack
        """
    )
    assert found == expected
    steps, _ = conversation("C S\nS S.\nC .\nS . 10\nS . 10 lost\nS . 10\nC . sack=21-31")
    (gap,) = [finding for finding in steps[-1].findings if finding.code == "sack_gap"]
    assert (gap.values["first"], gap.values["last"], gap.values["n"]) == (11, 20, 10)
    assert steps[-1].sack is not None
    assert steps[-1].sack[0][1] - steps[-1].sack[0][0] == 10


# ------------------------------------------------------------------ timestamps


@pytest.mark.parametrize(
    ("client", "server", "missing"),
    [
        (TS.format(1, 0), TS.format(9, 1), True),
        (TS.format(1, 0), "mss 1460", False),
        ("mss 1460", "mss 1460", False),
    ],
)
def test_timestamps_agreed_on_must_be_there(client: str, server: str, *, missing: bool) -> None:
    """R78: in force if both SYNs carry them; then every segment must, but for an RST."""
    steps, _ = conversation(f"C S <{client}>\nS S. <{server}>\nC .\nC R")
    assert [finding.code for finding in steps[2].findings if finding.severity != "chat"] == ["ts_missing"] * missing
    assert steps[3].findings == ()


@pytest.mark.parametrize("rate", [250, 1000])
def test_the_clock_of_timestamps(rate: int) -> None:
    """R78, R144: its rate comes from the differences of TSval against the printed times, each connection for itself."""
    lines = [f"C S <{TS.format(77_000, 0)}>", f"S S. <{TS.format(4_000_000_000, 77_000)}>"]
    lines += [f"C P. 1 +0.1 <TS val {77_000 + rate * number // 10} ecr 4000000000>" for number in range(1, 10)]
    clock = metric(conversation("\n".join(lines)), "ts_clock")
    assert clock == {"client": rate, "server": None}


# ------------------------------------------------------------------ ECN


@pytest.mark.parametrize(
    ("syn", "answer", "accepted", "accurate", "echo"),
    [
        ("SEW", "S.E", True, False, True),
        ("SEW", "S.", False, False, False),
        ("SEW", "S.EW", True, True, False),
        ("S", "S.E", False, False, False),
        ("SEWe", "S.W", True, True, False),
        ("SEWe", "S.EW", True, True, False),
        ("SEWe", "S.e", True, True, False),
        ("SEWe", "S.We", True, True, False),
        ("SEWe", "S.E", True, False, True),
        ("SEWe", "S.", False, False, False),
        ("SEWe", "S.EWe", False, False, False),
        ("SEWe", "S.Ee", False, False, False),
        ("SEW", "S.W", True, True, False),
    ],
)
def test_ecn_is_what_both_syns_agree_on(syn: str, answer: str, *, accepted: bool, accurate: bool, echo: bool) -> None:
    """R79, R80: classic or accurate by the three bits of the answer; only with classic ECN an E is a congestion echo."""
    steps, (end,) = conversation(f"C {syn}\nS {answer}\nC .\nC P. 10\nS .E\nC P.W 10")
    opening, reply, *_, echoed, reduced = steps
    assert ("ecn_setup" in opening.modifiers) == (syn != "S")
    assert ("accecn" in opening.modifiers) == (syn == "SEWe")
    assert ("ecn_accept" in reply.modifiers) == accepted
    assert ("accecn" in reply.modifiers) == accurate
    assert ("ecn_echo" in echoed.modifiers, "ecn_cwr" in reduced.modifiers) == (echo, echo)
    assert ("accecn" in echoed.modifiers) == accurate
    assert ({"ecn_congestion", "ecn_cwr"} <= end.findings.keys()) == echo
    assert bool({"ecn_congestion", "ecn_cwr"} & end.findings.keys()) == echo


# ------------------------------------------------------------------ MPTCP, signatures, unknown options


def test_equal_acks_with_other_mptcp_options_are_no_duplicates() -> None:
    """R81: a subflow's acknowledgment of the data level looks like a repeated ACK of the subflow."""
    opening = "C S <mptcp 4 capable v1>\nS S. <mptcp 12 capable v1 {0x1}>\nC .\nS P. 10\nS P. 10 lost\n"
    several, _ = conversation(opening + "C . <mptcp 8 dss ack 100>\nC . <mptcp 8 dss ack 200>")
    assert all("mptcp" in step.modifiers for step in (*several[:2], *several[-2:]))
    assert "duplicate_ack" not in {finding.code for step in several for finding in step.findings}
    same, _ = conversation(opening + "C . <mptcp 8 dss ack 100>\nC . <mptcp 8 dss ack 100>")
    assert "duplicate_ack" in {finding.code for step in same for finding in step.findings}


@pytest.mark.parametrize(
    "option", ["md5 can't check - a0b1", "tcp-ao keyid 1 rnextkeyid 2 mac 0x11", "uto 0x2 1", "unknown-99 0xab"]
)
def test_options_about_security_and_unknown_ones_change_no_state(option: str) -> None:
    """R82: with and without such an option every state and step is the same."""
    written = "C S <{0}>\nS S. <{0}>\nC . <{0}>\nC P. 10 <{0}>\nS . <{0}>\nC F. <{0}>\nS F. <{0}>\nC . <{0}>"
    with_option, plain = conversation(written.format(option)), conversation(written.format("nop"))
    assert [(step.step, step.client, step.server) for step in with_option.steps] == [
        (step.step, step.client, step.server) for step in plain.steps
    ]
    assert with_option.connections[0].verdict == plain.connections[0].verdict == "complete.clean"


def test_a_signed_syn_without_an_answer() -> None:
    """R82: a receiver drops what is signed with another key without a word: no answer, the server's state unknown."""
    _, (end,) = conversation("C S <md5 valid>\nC S <md5 valid> +1")
    assert end.verdict == "no_answer"
    assert state_text(end.server_state) == "UNKNOWN"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("C S <md5 valid>", True),
        (
            "C S <mss 1460,tcp-ao keyid 1 rnextkeyid 2 mac 0x11>\nC S <mss 1460,tcp-ao keyid 1 rnextkeyid 2 mac 0x12> +1",
            True,
        ),
        ("C S <mss 1460>", False),
        ("C S <md5 valid>\nS S. <md5 valid>", False),
        ("C S <md5 valid>\nS R.", False),
    ],
    ids=["MD5", "TCP-AO", "no signature", "an answer", "refused"],
)
def test_no_answer_to_a_signed_syn_suggests_that_the_keys_differ(text: str, *, told: bool) -> None:
    """R82: in both languages, and only where nothing answers."""
    _, (end,) = conversation(text)
    assert end.attributes.get("signed", False) is told
    assert any("keys may differ" in note for note in notes(end, "en")) is told
    assert any("密钥" in note for note in notes(end, "zh")) is told
