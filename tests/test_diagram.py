"""The model of a ladder: what folds, what stays, what is marked, and that it stays small."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CORPUS
from hypothesis import given
from hypothesis import strategies as st
from ladders import conversation, lines_of, rows_of, segments, steps_of

from tdparse.diagram import ROWS, RUN, WINDOW, Arrow, Fold, Folding, Gap, Gaps, States, remarkable, shortened
from tdparse.model import Certainty, Severity, Side, Standing, State, Step
from tdparse.pipeline import explain

CLOSE = "C F.\nS F.\nC .\n"


@pytest.mark.parametrize(
    ("count", "hidden"),
    [(0, 0), (1, 0), (RUN - 2, 0), (RUN, 0), (RUN + 1, RUN - 1), (500, 498)],
)
def test_a_long_run_of_data_folds_but_for_its_ends(count: int, hidden: int) -> None:
    """Up to RUN ordinary rows are shown; of more only the first and the last."""
    # The first answer proves something about a state, and is therefore no ordinary row.
    rows = rows_of(conversation("C P. 1\nS .\n" + "S . 100\n" * count))
    folds = [row for row in rows if isinstance(row, Fold)]
    before = 1  # C P. 1
    assert sum(fold.segments for fold in folds) == (hidden if count else 0)
    assert segments(rows) == 3 + before + 1 + count
    if hidden:
        [fold] = folds
        assert fold.octets == {"server": 100 * hidden}
        assert (fold.first_line, fold.last_line) == (7, 5 + count - 1)


def test_without_folding_every_segment_is_a_row() -> None:
    """A run of 0 folds nothing, however long."""
    rows = rows_of(conversation("S . 100\n" * 1000), run=0)
    assert [row.step.segment.line for row in rows if isinstance(row, Arrow)] == list(range(1, 1004))


@pytest.mark.parametrize(
    ("script", "lost", "again"),
    [
        ("S P. 100 lost\nS P. 100 seq=1 +0.3\nC .\n", [4], [5]),
        ("S P. 100\nC .\nS P. 100 seq=1 +0.3\n", [], [6]),  # acknowledged: it has arrived
        ("S . 100 lost\nS . 100\nC .\nS . 100 seq=1 +0.3\nC .\n", [4], [7]),
        ("S P. 100 lost\nS P. 100 seq=1 lost +0.3\nS P. 100 seq=1 +0.6\nC .\n", [4, 5], [5, 6]),
        ("C F. lost\nC F. seq=1 +0.3\nS .\n", [4], [5]),
        ("C P. 5\nS P. 5 lost\nC P. 5\n", [], []),  # nothing was sent again
    ],
)
def test_what_is_sent_again_before_an_acknowledgment_was_probably_lost(
    script: str, lost: list[int], again: list[int]
) -> None:
    """The earlier copies are marked as lost, the later ones as sent again."""
    arrows = [row for row in rows_of(conversation(script)) if isinstance(row, Arrow)]
    assert [row.step.segment.line for row in arrows if row.lost] == lost
    assert [row.step.segment.line for row in arrows if row.again] == again


def test_a_lost_syn_is_marked_unless_it_was_answered() -> None:
    """A SYN that is repeated and had no answer; the same for SYN-ACKs."""
    lines = [
        "12:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 100, win 9, length 0",
        "12:00:01.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 100, win 9, length 0",
        "12:00:01.100000 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 200, ack 101, win 9, length 0",
        "12:00:02.100000 IP 10.0.0.2.80 > 10.0.0.1.5: Flags [S.], seq 200, ack 101, win 9, length 0",
        "12:00:03.100000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 100, win 9, length 0",
    ]
    arrows = [row for row in rows_of(lines) if isinstance(row, Arrow)]
    assert [row.lost for row in arrows] == [True, False, True, False, False]


def test_the_first_copy_is_kept_when_a_fold_would_have_hidden_it() -> None:
    """Data that later turns out to be lost stays in the ladder."""
    script = "S . 100\n" * 10 + "S . 100 lost\n" + "S . 100\n" * 10 + "C .\n" * 3 + "S . 100 seq=1001 +0.01\nC .\n"
    rows = rows_of(conversation(script))
    [lost] = [row for row in rows if isinstance(row, Arrow) and row.lost]
    assert (lost.step.rel_seq, lost.step.rel_end) == (1001, 1101)
    assert sum(isinstance(row, Fold) for row in rows) == 2


def test_what_the_log_does_not_show_is_a_row() -> None:
    """Octets that were skipped stand before the segment that skips them; acknowledged ones before their ack."""
    rows = rows_of(conversation("S P. 100 unseen\nS P. 50\nC . ack=300\n"))
    place = next(place for place, row in enumerate(rows) if isinstance(row, Gap))
    assert rows[place] == Gap("server", 100)
    after = rows[place + 1]
    assert isinstance(after, Arrow)
    assert after.step.rel_seq == 101
    ack = steps_of(conversation("S P. 100\nC . ack=300\n"))[-1]
    assert [finding.code for finding in ack.findings] == ["acked_unseen"]
    gaps = Gaps()
    assert gaps.news(ack) == [Gap("server", None)]
    assert gaps.news(ack) == []


def test_a_remark_that_goes_on_and_on_folds() -> None:
    """The first ones of many duplicate ACKs are shown, and the last; how many there were is told."""
    rows = rows_of(conversation("S . 100\nC .\nS . 100 lost\n" + "S . 100\nC .\n" * 60))
    shown = [row for row in rows if isinstance(row, Arrow) and row.step.step == "ack.duplicate"]
    assert 3 <= len(shown) <= 5
    folded = sum(row.findings.get("duplicate_ack", 0) for row in rows if isinstance(row, Fold))
    assert len(shown) + folded == 60


def test_the_middle_folds_where_everything_is_remarkable() -> None:
    """However much is grave, a ladder has at most ROWS rows; its beginning and end stay."""
    script = "S P. 100 unseen\nS P. 100\n" * 1000 + CLOSE
    rows = rows_of(conversation(script))
    assert len(rows) <= ROWS
    [fold] = [row for row in rows if isinstance(row, Fold)]
    assert fold.findings["lost_segment"] > 800
    assert segments(rows) == 1006
    ends = [row.step.step for row in rows if isinstance(row, Arrow)]
    assert ends[:3] == ["handshake.syn", "handshake.syn_ack", "handshake.ack"]
    assert ends[-3:] == ["teardown.fin.active", "teardown.fin_ack", "teardown.last_ack"]


@pytest.mark.parametrize("script", ["S . 100\n", "S P. 100 unseen\nS P. 100\n", "S . 100\nS . 100 seq=1\n"])
def test_what_is_kept_does_not_grow_with_the_log(script: str) -> None:
    """Whatever a connection is made of, a bounded number of steps is held."""
    folding = Folding()
    most = 0
    for step in steps_of(conversation(script * 2000)):
        folding.feed(step)
        settled = folding._settled
        most = max(most, len(folding._recent) + len(settled._rows) + len(settled._run))
    assert most <= WINDOW + 2 * ROWS + RUN + 1


@pytest.mark.parametrize("limit", [3, 4, 10, 99])
def test_rows_are_shortened_in_their_middle(limit: int) -> None:
    """Exactly `limit` rows are left, the outer ones as they were, and no segment is forgotten."""
    rows = rows_of(conversation("S . 100\n" * 97), run=0)
    left = shortened(rows, limit)
    assert len(left) == limit
    assert segments(left) == segments(rows) == 100
    head, tail = limit // 2, limit - limit // 2 - 1
    assert left[:head] == rows[:head]
    assert left[-tail:] == rows[-tail:]
    assert shortened(left, 3)[1] == shortened(rows, 3)[1]
    assert shortened(rows, 100) == rows


@given(
    st.lists(
        st.tuples(
            st.sampled_from("CS"),
            st.sampled_from([".", "P.", "F.", "R"]),
            st.integers(0, 3000),
            st.sampled_from(["", "lost", "unseen", "seq=1", "ack=1"]),
        ),
        max_size=120,
    ),
    st.integers(0, 9),
    st.integers(3, 60),
)
def test_no_segment_and_no_octet_is_forgotten(script: list[tuple[str, str, int, str]], run: int, limit: int) -> None:
    """Rows and folds together are the connection, in its order, in no more rows than asked for."""
    lines = conversation("".join(f"{who} {flags} {size} {more}\n" for who, flags, size, more in script))
    steps = [step for step in steps_of(lines) if step.flow.conn == 1]
    folding = Folding(run, limit)
    for step in steps:
        folding.feed(step)
    rows = folding.rows()
    assert segments(rows) == len(steps)
    assert not run or len(rows) <= limit
    octets = sum(sum(row.octets.values()) for row in rows if isinstance(row, Fold))
    octets += sum(row.step.segment.length or 0 for row in rows if isinstance(row, Arrow))
    assert octets == sum(step.segment.length or 0 for step in steps)
    places = [
        row.step.segment.line if isinstance(row, Arrow) else row.first_line for row in rows if not isinstance(row, Gap)
    ]
    assert places == sorted(places)


def logs() -> list[Path]:
    """Return the project's captures, and the corpora where they are."""
    own = Path(__file__).parents[1] / "fixtures" / "captures"
    return [*sorted(own.glob("*/absolute.log")), *sorted(CORPUS.glob("kernel/*/*.txt"))]


@pytest.mark.parametrize("log", logs(), ids=lambda log: f"{log.parent.name}/{log.stem}")
def test_the_interesting_places_stay(log: Path) -> None:
    """Handshakes, closes, resets, warnings and changes of state are rows, and the first of each kind of note."""
    connections: dict[int, list[Step]] = {}
    with log.open(encoding="utf-8") as lines:
        for item in explain(lines):
            if isinstance(item, Step):
                connections.setdefault(item.flow.conn, []).append(item)
    for steps in connections.values():
        folding = Folding(limit=10_000)
        for step in steps:
            folding.feed(step)
        shown = {row.step.segment.line for row in folding.rows() if isinstance(row, Arrow)}
        told: set[str] = set()
        for step in steps:
            landmark = step.step.startswith(("handshake.", "teardown.", "reset."))
            changes = any(side.before != side.after for side in (step.client, step.server))
            grave = any(finding.severity in {Severity.WARN, Severity.ERROR} for finding in step.findings)
            new = not told.issuperset(remarkable(step))
            told.update(remarkable(step))
            if landmark or changes or grave or new:
                assert step.segment.line in shown, step.step


def test_only_news_of_a_state_is_shown() -> None:
    """A state is shown when it differs from the one shown last, certainty included; a gap in between shows both."""
    sent, open_ = Standing(State.SYN_SENT, Certainty.OBSERVED), Standing(State.ESTABLISHED, Certainty.OBSERVED)
    presumed = Standing(State.ESTABLISHED, Certainty.PRESUMED)
    states = States()
    assert states.news("client", Side(sent, presumed)) == [sent, presumed]
    assert states.news("client", Side(presumed, presumed)) == []
    assert states.news("client", Side(presumed, open_)) == [open_]
    assert states.news("server", Side(sent, sent)) == [sent]
    assert states.news("client", Side(sent, open_)) == [sent, open_]


def test_a_ladder_of_a_real_loss(captures: Path) -> None:
    """What the client saw: the octets it never got are missing, and come later."""
    rows = rows_of(lines_of(captures / "loss" / "absolute.log"))
    assert [row.octets for row in rows if isinstance(row, Gap)]
    assert any(row.again for row in rows if isinstance(row, Arrow))
