"""The captured octets of one direction, held against a plain set of positions (R11, R130 to R136)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tdparse.octets import MAX_HOLES, Octets

SEGMENTS = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 12)), min_size=1, max_size=40)


def add(octets: Octets, start: int, length: int, *, time: int | None = None, line: int = 0) -> None:
    """Add a segment of payload."""
    octets.add(start, start + length, (start, start + length), time, line)


@given(SEGMENTS)
@settings(max_examples=300)
def test_counts_equal_those_of_a_set(segments: list[tuple[int, int]]) -> None:
    """Distinct and repeated octets (R133, R134), the contiguous end and the highest end (R11)."""
    octets = Octets()
    seen: set[int] = set()
    repeated = copies = 0
    first = segments[0][0]
    for start, length in segments:
        new = set(range(start, start + length))
        assert octets.captured(start, start + length) == len(new & seen)
        assert octets.covered(start, start + length) == (new <= seen)
        repeated += len(new & seen)
        copies += bool(new & seen)
        add(octets, start, length)
        seen |= new
        first = octets.first if octets.first is not None else first
    end = first
    while end in seen:
        end += 1
    assert octets.end == end
    assert octets.nxt == max(seen) + 1
    assert octets.repeated_octets == repeated
    assert octets.repeated_segments == copies
    assert octets.distinct == len(seen)
    for position in range(1, 75):
        assert octets.next_captured(position) == min((one for one in seen if one >= position), default=position)


@given(SEGMENTS)
@settings(max_examples=300)
def test_above_the_first_octet_nothing_is_lost(segments: list[tuple[int, int]]) -> None:
    """Each octet counts once; what is covered and where the holes are follow from the set."""
    octets = Octets()
    octets.start_at(1)
    seen: set[int] = set()
    for start, length in segments:
        add(octets, start, length)
        seen |= set(range(start, start + length))
        assert octets.distinct == len(seen)
        for left in range(1, 73, 5):
            for right in range(left + 1, 73, 7):
                assert octets.covered(left, right) == (set(range(left, right)) <= seen)
        missing = set(range(1, max(seen) + 1)) - seen
        assert {position for left, right in octets.holes() for position in range(left, right)} == missing
        assert all(left < right for left, right in octets.holes())


@given(SEGMENTS, st.lists(st.integers(1, 80), max_size=10))
def test_acknowledgments_confirm_each_segment_once(segments: list[tuple[int, int]], acks: list[int]) -> None:
    """A segment is confirmed by the first ack that reaches its end, whatever the order (R130)."""
    octets = Octets()
    for line, (start, length) in enumerate(segments):
        add(octets, start, length, time=line, line=line)
    confirmed: list[int] = []
    highest = 0
    for ack in acks:
        now = [sent.line for sent in octets.acknowledge(ack)]
        assert all(sum(segments[line]) <= ack for line in now)
        highest = max(highest, ack)
        confirmed += now
    assert sorted(confirmed) == [line for line, segment in enumerate(segments) if sum(segment) <= highest and acks]


def test_karn() -> None:
    """No copy of a repeated octet gives an RTT sample: neither the first nor the second (R130)."""
    octets = Octets()
    add(octets, 1, 10, time=0, line=1)
    add(octets, 11, 10, time=1, line=2)
    add(octets, 1, 10, time=2, line=3)
    assert [(sent.line, sent.repeated) for sent in octets.acknowledge(21)] == [(1, True), (2, False), (3, True)]


def test_syn_and_fin_occupy_numbers_but_are_no_payload() -> None:
    """SEG.LEN counts them (R2), payload octets do not (R133)."""
    octets = Octets()
    octets.add(0, 1, (1, 1), None, 1)
    octets.add(1, 12, (1, 11), None, 2)
    assert (octets.nxt, octets.end, octets.distinct) == (12, 12, 10)


def test_a_guess_gives_way_to_a_printed_number() -> None:
    """Where a direction stands may be inferred until its first number is printed (R28)."""
    octets = Octets()
    octets.start_at(1, guessed=True)
    add(octets, 5001, 10)
    assert (octets.first, octets.end, octets.holes()) == (5001, 5011, [])
    octets = Octets()
    octets.start_at(1)
    add(octets, 5001, 10)
    assert octets.holes() == [(1, 5001)]


def test_the_earliest_copy_is_remembered() -> None:
    """`first_copy` says where an octet was captured first."""
    octets = Octets()
    add(octets, 1, 10, line=1)
    add(octets, 11, 10, line=2)
    add(octets, 1, 20, line=3)
    copies = [octets.first_copy(1), octets.first_copy(15), octets.first_copy(21)]
    assert [copy and copy.line for copy in copies] == [1, 2, None]


def test_a_gap_is_reported_once() -> None:
    """What was acknowledged without having been captured is conceded, and asked for no second time (R16)."""
    octets = Octets()
    octets.start_at(1)
    add(octets, 1, 10)
    assert octets.concede(11) is None
    assert octets.concede(31) == 11
    assert octets.concede(31) is None
    assert octets.concede(41) == 31
    add(octets, 51, 10)
    assert octets.concede(51) == 41
    assert octets.concede(61) is None


def test_memory_is_bounded() -> None:
    """A direction with a hole at every second octet keeps no more than a fixed number of ranges."""
    octets = Octets()
    octets.start_at(1)
    for position in range(2, 4 * MAX_HOLES, 2):
        add(octets, position, 1)
    assert len(octets.holes()) <= MAX_HOLES
    assert octets.nxt == 4 * MAX_HOLES - 1


def test_sizes_that_never_get_through() -> None:
    """Three copies of one segment, larger than all that was confirmed: smaller ones pass, this one does not."""
    octets = Octets()
    add(octets, 1, 600)
    octets.acknowledge(601)
    for _ in range(2):
        add(octets, 601, 1400)
    assert octets.stuck_size() is None
    add(octets, 601, 1400)
    assert octets.stuck_size() == 1400
    octets.received(601, 2001)
    assert octets.stuck_size() is None
