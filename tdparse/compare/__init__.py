"""
Two logs of the same connections, taken at two places: what the path between them did.

`compare(seen(steps_of_one_log), seen(steps_of_the_other))` gives a `Comparison`.
"""

from tdparse.compare.comparing import compare
from tdparse.compare.records import CHANGES, KINDS, Change, Comparison, Delay, Difference, Link, Passing
from tdparse.compare.sightings import Log, Sighting, seen

__all__ = [
    "CHANGES",
    "KINDS",
    "Change",
    "Comparison",
    "Delay",
    "Difference",
    "Link",
    "Log",
    "Passing",
    "Sighting",
    "compare",
    "seen",
]
