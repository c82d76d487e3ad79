"""What is measured on a connection: R127 to R146, one small log each."""

from __future__ import annotations

from typing import Any

import pytest
from scenario import Packet, packets, printed

from tdparse.metrics import MAX_GAPS, MAX_SAMPLES, Samples, vantage
from tdparse.model import Summary
from tdparse.pipeline import explain

MS = 1_000_000
OPENING = """
C S
S S. +0.010
C . +0.030
"""
MSS = "<mss 1460>"


def measure(text: str, *, established: bool = False) -> dict[str, Any]:
    """Return the metrics of the one connection in a scenario."""
    return measured(packets(text, established=established))


def measured(captured: list[Packet]) -> dict[str, Any]:
    """Return the metrics of the one connection in a capture."""
    (summary,) = [item for item in explain(printed(captured)) if isinstance(item, Summary)]
    return dict(summary.metrics)


# ------------------------------------------------------------------ times


def test_duration() -> None:
    """R128: from the first record to the last."""
    assert measure(OPENING + "C P. 5 +1\nS . +2.5")["duration"] == pytest.approx(3.54)
    assert measure("C S")["duration"] == 0


def test_handshake_time_and_its_halves() -> None:
    """R129: SYN to SYN-ACK, SYN-ACK to the third step, and the sum."""
    found = measure(OPENING)
    assert (found["rtt_server"], found["rtt_client"], found["handshake_time"]) == (0.010, 0.030, 0.040)
    assert "handshake_ambiguous" not in found


def test_handshake_time_with_a_third_step_that_carries_data() -> None:
    """R129: the third step is the client's first segment with ACK and without SYN, whatever it carries."""
    assert measure("C S\nS S. +0.010\nC P. 50 +0.020")["handshake_time"] == 0.030


def test_a_repeated_syn_makes_the_handshake_ambiguous() -> None:
    """R129: without timestamps nothing tells which SYN was answered; the last one before the answer is taken."""
    found = measure("C S\nC S +1\nS S. +0.010\nC . +0.030")
    assert (found["handshake_time"], found["handshake_ambiguous"]) == (0.040, True)


def test_timestamps_tell_which_syn_was_answered() -> None:
    """R129: the SYN whose TSval the SYN-ACK echoes."""
    late = measure(
        "C S <TS val 100 ecr 0>\nC S +1 <TS val 1100 ecr 0>\n"
        "S S. +0.2 <TS val 7 ecr 100>\nC . +0.030 <TS val 1330 ecr 7>"
    )
    assert (late["rtt_server"], late["handshake_time"]) == (1.2, 1.23)
    assert "handshake_ambiguous" not in late
    prompt = measure(
        "C S <TS val 100 ecr 0>\nC S +1 <TS val 1100 ecr 0>\n"
        "S S. +0.2 <TS val 7 ecr 1100>\nC . +0.030 <TS val 1330 ecr 7>"
    )
    assert (prompt["rtt_server"], prompt["handshake_time"]) == (0.2, 0.23)
    assert "handshake_ambiguous" not in prompt


def test_no_handshake_no_handshake_time() -> None:
    """R127: a metric whose inputs are not in the log is absent."""
    found = measure("C P. 5\nS .\nC F.\nS F.\nC .", established=True)
    absent = ("handshake_time", "rtt_server", "rtt_client", "time_to_first_byte", "vantage", "mss", "idle_gaps")
    assert not set(absent) & set(found)


def test_round_trips() -> None:
    """R130: each segment with payload, SYN or FIN, to the first ACK that covers it."""
    found = measure(OPENING + "C P. 100 +1\nS . +0.005\nC P. 100 +1\nC P. 100 +0.001\nS . +0.007\nC F. +1\nS . +0.050")
    assert found["rtt"]["client"] == {"min": 0.005, "median": 0.008, "max": 0.050, "count": 5}
    assert found["rtt"]["server"] == {"min": 0.030, "median": 0.030, "max": 0.030, "count": 1}


def test_repeated_segments_give_no_round_trip() -> None:
    """R130, Karn: neither copy counts."""
    found = measure(OPENING + "C P. 100 +1 lost\nC P. 100 seq=1 +0.3\nS . +0.005")
    assert found["rtt"]["client"]["count"] == 1  # the SYN


def test_time_to_first_byte() -> None:
    """R131: from the client's third step to the server's first payload."""
    assert measure(OPENING + "C P. 100 +1\nS . +0.001\nS P. 9 +0.5")["time_to_first_byte"] == pytest.approx(1.501)


def test_response_times() -> None:
    """R132: one a turn, from the client's last payload to the server's first; the median and the longest."""
    found = measure(
        OPENING
        + "C P. 10 +1\nC P. 10 +0.1\nS P. 5 +0.2\nS P. 5 +0.3\nC P. 10 +1\nS P. 5 +0.6\nS P. 5 +9\nC P. 1 +1\nS P. 1 +0.4"
    )
    assert found["turns"] == 3
    assert (found["response_time"], found["response_time_max"]) == (0.4, 0.6)


def test_a_server_that_speaks_first() -> None:
    """R132: its greeting counts from the third step."""
    found = measure(OPENING + "S P. 21 +0.7\nC . +0.1")
    assert (found["response_time"], found["turns"], found["time_to_first_byte"]) == (0.7, 1, 0.7)


def test_half_closed_time() -> None:
    """R145: from the ACK of the first FIN to the second FIN; 0 where one segment is both."""
    assert measure(OPENING + "C F.\nS . +0.1\nS P. 5 +1\nC . +0.1\nS F. +2\nC .")["half_closed_time"] == pytest.approx(
        3.1
    )
    assert measure(OPENING + "C F.\nS F. +0.1\nC .")["half_closed_time"] == 0
    assert "half_closed_time" not in measure(OPENING + "C F.\nS .")


def test_idle_gaps() -> None:
    """R138: gaps of a second and more between records, longest first, with the records around them."""
    found = measure(OPENING + "C P. 5 +1\nS . +0.999\nC P. 5 +30\nS . +7")
    assert found["idle_gaps"] == [
        {"seconds": 30.0, "before": 5, "after": 6},
        {"seconds": 7.0, "before": 6, "after": 7},
        {"seconds": 1.0, "before": 3, "after": 4},
    ]
    many = measure(OPENING + "\n".join(f"C P. 5 +{n}" for n in range(1, 60)))
    assert [gap["seconds"] for gap in many["idle_gaps"]] == [float(n) for n in range(59, 59 - MAX_GAPS, -1)]


@pytest.mark.parametrize(
    ("server", "client", "simple", "expected"),
    [
        (41_000, 500_000, True, "near_server"),  # note 1
        (106_000, 2_756_000, True, "near_server"),  # note 4
        (16_000, 10_000, True, "same_host"),  # note 3
        (30 * MS, 2 * MS, True, "near_client"),
        (10 * MS, 30 * MS, True, "between"),
        (10 * MS, 50 * MS, True, "between"),  # exactly a fifth is not below it
        (199_999, 199_999, True, "same_host"),
        (200_000, 200_000, True, "between"),
        (1 * MS, 30 * MS, False, None),
        (None, 30 * MS, True, None),
        (1 * MS, None, True, None),
    ],
)
def test_vantage(server: int | None, client: int | None, simple: bool, expected: str | None) -> None:  # noqa: FBT001
    """R40, R146: the halves of the handshake tell where the capture was taken; repeated SYNs tell nothing."""
    assert vantage(server, client, simple=simple) == expected


# ------------------------------------------------------------------ octets and records


def test_payload_counts_each_octet_once() -> None:
    """R133, R134: distinct octets, and apart from them what was captured again."""
    found = measure(OPENING + "C P. 100\nC P. 100\nC P. 150 seq=51 +0.3\nC P. 100 seq=151 +0.3\nS .")
    assert found["payload_bytes"] == {"client": 250, "server": 0}
    assert found["retransmitted_bytes"]["client"] == 200
    assert found["retransmitted_segments"]["client"] == 2


def test_syn_and_fin_are_no_payload() -> None:
    """R133: a FIN with data counts its data."""
    found = measure(OPENING + "C FP. 30\nS F.\nC .")
    assert found["payload_bytes"] == {"client": 30, "server": 0}
    assert found["acked_bytes"] == {"client": 30, "server": 0}


def test_probes_and_keep_alives_are_no_retransmissions() -> None:
    """R134."""
    keep_alive = measure(OPENING + "C P. 10\nS .\nC . 1 seq=10 +60\nS .")
    assert keep_alive["retransmitted_segments"]["client"] == 0
    probed = measure(
        OPENING + "C P. 10\nS . win=0\nC . 1 seq=11 +0.3\nS . win=0 ack=11\nC . 1 seq=11 +0.6\nS . win=0 ack=11"
    )
    assert probed["retransmitted_segments"]["client"] == 0
    assert probed["payload_bytes"]["client"] == 10


def test_what_was_acknowledged_without_having_been_captured() -> None:
    """R135: acknowledged octets, and those missing from the capture."""
    found = measure(OPENING + "C P. 100\nC P. 400 unseen\nC P. 50\nS .\nC F.\nS .\nS F.\nC .")
    assert found["acked_bytes"]["client"] == 550
    assert found["payload_bytes"]["client"] == 150
    assert found["missing_bytes"]["client"] == 400


def test_one_direction_only() -> None:
    """R73, R135: what the silent side sent is known from the other's acknowledgments."""
    found = measure("C S\nS S. unseen\nC .\nC P. 10\nS . unseen\nS P. 700 unseen\nC .")
    assert found["segments"] == {"client": 4, "server": 0}
    assert found["acked_bytes"] == {"client": None, "server": 700}
    assert found["missing_bytes"]["server"] == 700
    assert found["payload_bytes"]["server"] is None
    assert "rtt_server" not in found


def test_records_by_kind() -> None:
    """R136: data, pure ACK, and control (SYN, FIN, RST)."""
    found = measure(OPENING + "C P. 5\nS .\nS FP. 5\nC .\nC R.")
    assert found["segments"] == {"client": 5, "server": 3}
    assert found["data_segments"] == {"client": 1, "server": 0}
    assert found["pure_acks"] == {"client": 2, "server": 1}
    assert found["control_segments"] == {"client": 2, "server": 2}


def test_goodput() -> None:
    """R137: acknowledged payload in bits, from the first payload to the last ACK that covers payload."""
    found = measure(OPENING + "C P. 1000\nC P. 1000 +0.1\nS . +0.1\nC F. +5\nS . +1")
    assert found["goodput"]["client"] == pytest.approx(2000 * 8 / 0.2)
    assert "goodput" not in measure(OPENING + "C P. 1000\nS . +0")


def test_wrapping_changes_nothing() -> None:
    """R36: a connection whose numbers wrap has the same metrics."""
    text = OPENING + "C P. 1000\nS P. 800\nC . 900\nS .\nC F.\nS F.\nC ."
    assert measured(packets(text, isns=(2**32 - 500, 2**32 - 1))) == measure(text)


# ------------------------------------------------------------------ windows, sizes, clocks


def test_windows_are_scaled_once_negotiated() -> None:
    """R76, R139: not those of SYNs."""
    scale = "<mss 1460,nop,wscale 7>", "<mss 1460,nop,wscale 2>"
    found = measure(f"C S win=60000 {scale[0]}\nS S. win=50000 {scale[1]}\nC . win=500\nC P. 5 win=400\nS . win=30000")
    assert found["window_min"] == {"client": 400 << 7, "server": 50000}
    assert found["window_max"] == {"client": 500 << 7, "server": 30000 << 2}
    assert "window_raw" not in found


@pytest.mark.parametrize("syns", [(MSS, "<mss 1460,nop,wscale 2>"), ("<mss 1460,nop,wscale 7>", MSS), (MSS, MSS)])
def test_one_sided_scaling_is_none(syns: tuple[str, str]) -> None:
    """R76: in force only if the SYN and the SYN-ACK carry it."""
    found = measure(f"C S {syns[0]}\nS S. {syns[1]}\nC . win=500\nS . win=600")
    assert (found["window_min"]["client"], found["window_min"]["server"]) == (500, 600)
    assert "window_raw" not in found


def test_windows_mid_stream_are_raw() -> None:
    """R139: with an unknown scale the printed numbers are given, and said to be raw."""
    found = measure("C P. 5 win=500\nS . win=600", established=True)
    assert found["window_min"] == {"client": 500, "server": 600}
    assert found["window_raw"] == {"client": True, "server": True}


def test_zero_window_time() -> None:
    """R139: from a window of 0 to the next that is not, summed up."""
    found = measure(OPENING + "S P. 9\nC . win=0 +1\nC . win=0 +2\nC . win=9 +3\nS P. 9\nC . win=0\nC . win=9 +0.5")
    assert found["zero_window_time"]["client"] == pytest.approx(5.5)
    assert found["zero_window_time"]["server"] is None


def test_bytes_in_flight() -> None:
    """R140: sent and not acknowledged, SYN and FIN not counted; its share of the peer's window."""
    found = measure(OPENING + "S . win=4000\nC P. 1000\nC P. 1000\nS . win=4000\nC P. 500\nC FP. 100")
    assert found["bytes_in_flight"]["client"] == 2000
    assert found["bytes_in_flight_share"]["client"] == 0.5


def test_octets_reported_by_sack_are_not_in_flight() -> None:
    """R140: what SACK names has arrived."""
    found = measure(
        OPENING
        + "C P. 1000\nS .\nC P. 1000 lost\nC P. 1000\nS . sack=2001-3001\nC P. 1000\nS . sack=2001-4001\nC P. 1000\n"
    )
    assert found["bytes_in_flight"]["client"] == 2000


def test_the_window_of_a_syn_is_not_scaled() -> None:
    """R76, R140: data sent right behind the handshake is measured against the SYN-ACK's plain window."""
    found = measure("C S <nop,wscale 7>\nS S. win=5000 <nop,wscale 7>\nC P. 500")
    assert found["bytes_in_flight_share"]["client"] == 0.1


def test_mss() -> None:
    """R75, R141: each announces its own; what the peer announced, less the timestamps, bounds a segment."""
    stamps = ("TS val 1 ecr 0", "TS val 9 ecr 1")
    plain = measure("C S <mss 1460>\nS S. <mss 1380>\nC .\nS P. 1460\nC P. 900")
    assert plain["mss"] == {"client": 1460, "server": 1380}
    assert plain["mss_effective"] == {"client": 1380, "server": 1460}
    assert plain["largest_payload"] == {"client": 900, "server": 1460}
    stamped = measure(f"C S <mss 1460,{stamps[0]}>\nS S. <mss 1380,{stamps[1]}>\nC .")
    assert stamped["mss_effective"] == {"client": 1368, "server": 1448}
    tiny = measure(f"C S <mss 0,{stamps[0]}>\nS S. <mss 1,{stamps[1]}>\nC .")
    assert (tiny["mss"], tiny["mss_effective"]) == ({"client": 0, "server": 1}, {"client": 0, "server": 0})
    default = measure("C S\nS S. <mss 1380>\nC .")
    assert default["mss_effective"] == {"client": 1380, "server": 536}


@pytest.mark.parametrize(
    ("option", "octets"),
    [
        ("md5 valid", 20),
        ("nop,nop,md5 shared secret not supplied with -M, can't check - 0190a7f00190a7f00190a7f00190a7f0", 20),
        ("md50190a7f00190a7f00190a7f00190a7f0", 20),
        ("tcp-ao keyid 1 rnextkeyid 2 mac 0x00112233445566778899aabb", 16),
        ("nop,tcp-ao keyid 1 rnextkeyid 2 mac 0x0011223344,nop", 12),
        ("sackOK", 0),
    ],
)
def test_a_signature_takes_its_room(option: str, octets: int) -> None:
    """R82, R141: what signs a segment is in every one, filled up to words, beside the timestamps."""
    signed = measure(f"C S <mss 1460,{option}>\nS S. <mss 1380,{option}>\nC . <{option}>")
    assert signed["mss_effective"] == {"client": 1380 - octets, "server": 1460 - octets}
    both = measure(f"C S <mss 1460,TS val 1 ecr 0,{option}>\nS S. <mss 1380,TS val 2 ecr 1,{option}>\nC . <{option}>")
    assert both["mss_effective"] == {"client": 1368 - octets, "server": 1448 - octets}


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [(100, 1000), (25, 250), (10, 100), (9, 100), (100_000, 1_000_000), (118, 1000), (50, 500), (0, None)],
)
def test_timestamp_clock(ticks: int, expected: int | None) -> None:
    """R144: ticks in a tenth of a second, rounded to a usual rate within 20 %."""
    found = measure(f"C P. 5 <TS val 7000 ecr 1>\nC P. 5 +0.1 <TS val {7000 + ticks} ecr 1>", established=True)
    assert found.get("ts_clock", {"client": None})["client"] == expected


def test_timestamp_clock_needs_ten_milliseconds() -> None:
    """R144."""
    found = measure("C P. 5 <TS val 7000 ecr 1>\nC P. 5 +0.009 <TS val 7009 ecr 1>", established=True)
    assert "ts_clock" not in found


def test_timestamps_wrap_like_sequence_numbers() -> None:
    """R144: TSval is a 32-bit number."""
    found = measure(f"C P. 5 <TS val {2**32 - 50} ecr 1>\nC P. 5 +0.1 <TS val 50 ecr 1>", established=True)
    assert found["ts_clock"]["client"] == 1000


def test_samples_keep_their_extremes() -> None:
    """Count, minimum and maximum are exact however many there are; the median is that of a bounded sample."""
    samples = Samples()
    for value in range(10 * MAX_SAMPLES):
        samples.add(value)
    assert (samples.count, samples.low, samples.high) == (10 * MAX_SAMPLES, 0, 10 * MAX_SAMPLES - 1)
    assert samples.middle == pytest.approx(5 * MAX_SAMPLES, rel=0.01)
    assert len(samples._kept) <= MAX_SAMPLES


def test_without_times_only_counts_are_left() -> None:
    """R127: -t prints no time; nothing that needs one is given."""
    lines = [line.partition(" ")[2] for line in printed(packets(OPENING + "C P. 10\nS P. 20\nC .\nC F.\nS F.\nC ."))]
    (summary,) = [item for item in explain(lines) if isinstance(item, Summary)]
    timed = {
        "duration",
        "handshake_time",
        "rtt_server",
        "response_time",
        "rtt",
        "goodput",
        "half_closed_time",
        "vantage",
    }
    assert not timed & set(summary.metrics)
    assert summary.metrics["payload_bytes"] == {"client": 10, "server": 20}


@pytest.mark.parametrize(
    "probe", ["S none 5", "S P 5", "S none win=0", "C FS", "C SR", "C FS 5", "S FR. 5", "C FPU 5"], ids=str.split
)
@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_what_no_tcp_sends_measures_nothing(probe: str, place: int) -> None:
    """R129-R139, T113: neither round trip nor turn, goodput nor window; only its record is counted."""
    rows = [*OPENING.split("\n")[1:4], "C P. 10", "S . +0.01", "S P. 20 +0.2", "C ."]
    sent = packets("\n".join(rows))
    odd = packets("\n".join([*rows[:place], f"{probe} +0"]))[-1]
    found, plain = measured([*sent[:place], odd, *sent[place:]]), measured(sent)
    counted = {"segments", "data_segments", "control_segments"}
    assert {name: value for name, value in found.items() if name not in counted} == {
        name: value for name, value in plain.items() if name not in counted
    }
