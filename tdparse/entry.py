"""Where the program starts: the usual run at once, any other by its command line."""

from __future__ import annotations

import sys

from tdparse import usual


def main() -> None:
    """Run the program."""
    words = sys.argv[1:]
    if usual.is_usual(words):
        sys.exit(usual.explain(words))
    if (asked := usual.pages(words)) is not None:
        sys.exit(usual.report(*asked))
    from tdparse import cli

    cli.main()
