"""Rendering: what a run shows. A `Renderer` turns each record into text; who calls it decides where that goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, TypeVar, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdparse.model import Lang, Skipped, Step, Summary
    from tdparse.prediction import Emit, Found, Lane


T = TypeVar("T")
_KNOWN: Final[dict[tuple[type, type], bool]] = {}  # what Python has to look at long, once for each class


def also(renderer: Renderer, kind: type[T]) -> T | None:
    """Return `renderer` if it is what one of the protocols below says, too, else None."""
    pair = type(renderer), kind
    if pair not in _KNOWN:
        _KNOWN[pair] = isinstance(renderer, kind)
    return cast("T", renderer) if _KNOWN[pair] else None


class Totals:
    """What one run has seen, counted over all its inputs."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.sources = 0
        self.lines = 0  # physical
        self.segments = 0
        self.connections = 0
        self.chosen = 0  # connections of the numbers, hosts and ports that were asked for, where some were
        self.evicted = 0  # connections given up while they were open, to keep the memory bounded
        self.skipped: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()

    def add(self, other: Totals) -> None:
        """Add what another run has counted."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Renderer(Protocol):
    """
    One way to show a run: every method returns the text to write, "" for nothing.

    `lines` are the physical lines of the record, as they were but for their line ends.
    """

    def start(self, source: str, opening: Sequence[str]) -> str:
        """Begin an input; `opening` holds the lines that were there first."""

    def step(self, step: Step, lines: Sequence[str]) -> str:
        """Show one segment."""

    def skipped(self, skipped: Skipped, lines: Sequence[str]) -> str:
        """Show a line that is no segment."""

    def summary(self, summary: Summary) -> str:
        """Show a connection that is over."""

    def end(self, lines: Sequence[str]) -> str:
        """End an input; `lines` are those no record claimed."""

    def finish(self, totals: Totals) -> str:
        """End the run."""


@runtime_checkable
class Fitted(Protocol):
    """What a Renderer is, too, whose lines are made for a width."""

    def fit(self, columns: int) -> None:
        """Fit into `columns` from now on: the terminal has changed."""


@runtime_checkable
class Templated(Protocol):
    """What a Renderer is, too, that shows segments which differ in their numbers only alike (`render.template`)."""

    @property
    def template_lang(self) -> Lang | None:
        """The language it shows them in; None where each is shown in a way of its own after all."""


@runtime_checkable
class Spelling(Protocol):
    """What a Templated is, too, that does not write numbers and texts as they are."""

    def spelled(self, value: float | str) -> str:
        """Return what stands for a value."""


@runtime_checkable
class Keeping(Protocol):
    """What a Renderer is, too, that writes nothing of a segment at once, and need not see a step of those that are predicted."""

    def keeps(self, step: Step, found: Found, lane: Lane) -> Emit | None:
        """Return what takes segments like `step`, whose line was `found` in `lane`; None where each must be a step."""


@runtime_checkable
class Holding(Protocol):
    """What a Renderer is, too, that may not write all of a record before the next one begins."""

    def whole(self, step: Step, lines: Sequence[str]) -> str:
        """Show one segment, as if the next one had begun."""

    def release(self) -> str:
        """Show what was kept back: the next one begins."""

    def hold(self, whole: str) -> str:
        """Keep back what may have to wait of what `whole` returned for a segment of one line; return the rest."""


@runtime_checkable
class Octets(Protocol):
    """What a Renderer is, too, whose output is no text: it writes to a file of its own and returns ""."""

    def attach(self, file: BinaryIO) -> None:
        """Write to `file` from now on, beginning with nothing."""


@runtime_checkable
class Divisible(Protocol):
    """What a Renderer is, too, that can show half of the connections of a log while another one shows the others."""

    @property
    def divisible(self) -> bool:
        """Whether it can after all: no record is shown in another way because of those around it."""

    def divide(self, once: Callable[[str], bool], *, complete: bool) -> None:
        """
        Show one half from now on.

        `once` tells, by a name, whether what is said once in a log is still to be said; `complete`: every record is shown.
        """
