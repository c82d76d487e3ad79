"""Where the program starts: the usual run at once, any other by its command line."""

from __future__ import annotations

import gc
import sys
from typing import Final

from tdparse import usual
from tdparse.interrupt import leave, take

# What is kept, of open connections or for a page, hardly ever goes in circles; to look through it often costs a fifth of the time.
COLLECTED_AFTER: Final = (100_000, 50, 100)


def main() -> None:
    """Run the program; Ctrl-C and its like before or after the work itself end it without a word."""
    take(leave)
    gc.set_threshold(*COLLECTED_AFTER)
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from tdparse.output import stand_in

        stand_in()
    try:
        _run(sys.argv[1:])
    except Exception as error:
        from tdparse.output import unforeseen

        if (failed := unforeseen(error)) is None:
            raise
        sys.exit(usual.unwritable(failed))


def _run(words: list[str]) -> None:
    if usual.is_usual(words):
        sys.exit(usual.explain(words))
    if (names := usual.records(words)) is not None:
        sys.exit(usual.explain(names, as_records=True))
    if (asked := usual.pages(words)) is not None:
        sys.exit(usual.report(*asked))
    from tdparse import cli

    cli.main()
