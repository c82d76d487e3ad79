"""Where the program starts: the usual run at once, any other by its command line."""

from __future__ import annotations

import gc
import sys
from typing import Final

from tdparse import usual

# What is kept, of open connections or for a page, hardly ever goes in circles; to look through it often costs a fifth of the time.
COLLECTED_AFTER: Final = (100_000, 50, 100)


def main() -> None:
    """Run the program."""
    gc.set_threshold(*COLLECTED_AFTER)
    words = sys.argv[1:]
    if usual.is_usual(words):
        sys.exit(usual.explain(words))
    if (asked := usual.pages(words)) is not None:
        sys.exit(usual.report(*asked))
    from tdparse import cli

    cli.main()
