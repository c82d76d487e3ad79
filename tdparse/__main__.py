"""`python -m tdparse` is the same program as `tdexplain`."""

from __future__ import annotations

from tdparse.entry import main

if __name__ == "__main__":
    main()
