"""
Explains tcpdump's text output for TCP, line by line, with the state of both endpoints.

>>> import tdparse
>>> line = "12:00:00.000001 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq 7, win 9, length 0"
>>> str(tdparse.parse_line(line)) == line
True
>>> [item.step for item in tdparse.annotate([line])]
['handshake.syn']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tdparse.annotated import Annotated, Explanation
    from tdparse.flags import Flags as TcpFlags
    from tdparse.library import annotate, annotate_async, explain, load, parse, parse_line
    from tdparse.model import Certainty, Confidence, Endpoint, Finding, Segment, Severity, Standing, State, Step
    from tdparse.model import Side as Peer
    from tdparse.model import Skipped as Rejected
    from tdparse.options import Options
    from tdparse.trace import Connection, TdparseError, Trace, Tracker

__all__ = [
    "Annotated",
    "Certainty",
    "Confidence",
    "Connection",
    "Endpoint",
    "Explanation",
    "Finding",
    "Options",
    "Peer",
    "Rejected",
    "Segment",
    "Severity",
    "Standing",
    "State",
    "Step",
    "TcpFlags",
    "TdparseError",
    "Trace",
    "Tracker",
    "annotate",
    "annotate_async",
    "explain",
    "load",
    "parse",
    "parse_line",
]

_HOMES = {
    **dict.fromkeys(("annotate", "annotate_async", "explain", "load", "parse", "parse_line"), "library"),
    **dict.fromkeys(("Annotated", "Explanation"), "annotated"),
    **dict.fromkeys(("Connection", "TdparseError", "Trace", "Tracker"), "trace"),
    "Options": "options",
    "TcpFlags": "flags",
}
_NAMES = {"Peer": "Side", "Rejected": "Skipped", "TcpFlags": "Flags"}  # inside the package


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for, so that importing the package costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"tdparse.{_HOMES.get(name, 'model')}")
    value: object = getattr(home, _NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
