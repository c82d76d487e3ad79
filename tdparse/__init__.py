"""
Explains tcpdump's text output for TCP, line by line, with the state of both endpoints.

>>> import tdparse
>>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
>>> str(tdparse.parse_line(line)) == line
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tdparse.library import Annotated, TdparseError, Trace, annotate, annotate_async, load, parse
    from tdparse.model import (
        Certainty,
        Confidence,
        Endpoint,
        Finding,
        Segment,
        Severity,
        Side,
        Skipped,
        Standing,
        State,
        Step,
        Summary,
    )
    from tdparse.options import Options
    from tdparse.record import parse_line
    from tdparse.track import Tracker

__all__ = [
    "Annotated",
    "Certainty",
    "Confidence",
    "Endpoint",
    "Finding",
    "Options",
    "Segment",
    "Severity",
    "Side",
    "Skipped",
    "Standing",
    "State",
    "Step",
    "Summary",
    "TdparseError",
    "Trace",
    "Tracker",
    "annotate",
    "annotate_async",
    "load",
    "parse",
    "parse_line",
]

_LIBRARY = ("Annotated", "TdparseError", "Trace", "annotate", "annotate_async", "load", "parse")
_HOMES = dict.fromkeys(_LIBRARY, "library") | {"Options": "options", "Tracker": "track", "parse_line": "record"}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for, so that importing the package costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"tdparse.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
