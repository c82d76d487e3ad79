"""
Reading the catalogue's files, fast: TOML, in the plain form that they keep to.

That form is a table per code, a key a line, literal strings (single quotes) and lists of them. The standard library
takes as long for it as everything else at start-up together, so one pattern reads it here. A file that holds
anything else is read by the standard library; a test holds both to the same result.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact: TypeAlias = "str | list[str]"
Tables: TypeAlias = "Mapping[str, Mapping[str, Mapping[str, Fact]]]"

# A blank or comment line, a table's name, or a key; each up to the end of its line.
_PIECE: Final = re.compile(
    r"""(?:\#[^\n]*|\[(\w+)\.(?:"([^"\\\n]+)"|([\w-]+))\]|(\w+)\ =\ (?:'([^'\n]+)'|'''\n?(.*?)'''|\[((?:'[^'\n]*',\ )*'[^'\n]*')\]|''))?\n""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)


def tables(text: str) -> Tables:
    """Return section → code → key → text; raises `tomllib.TOMLDecodeError` for what is no TOML."""
    found = plain(text)
    if found is None:
        import tomllib

        return cast("Tables", tomllib.loads(text))
    return found


def plain(text: str) -> Tables | None:
    r"""
    Return the same for a text in the plain form, None for any other.

    >>> plain("[unit.ms]\nen = '{n} ms'\nrules = ['R1', 'R2']\n")
    {'unit': {'ms': {'en': '{n} ms', 'rules': ['R1', 'R2']}}}
    >>> plain("[unit.ms]\nen = 1\n") is None
    True
    """
    sections: dict[str, dict[str, dict[str, Fact]]] = {}
    keys: dict[str, Fact] | None = None
    end = 0
    for piece in _PIECE.finditer(text):
        if piece.start() != end:
            return None
        end = piece.end()
        section, quoted, code, key, short, long, several = piece.groups()
        if section:
            keys = sections.setdefault(section, {})[quoted or code] = {}
        elif key:
            if keys is None or key in keys:
                return None
            keys[key] = short or long or (several[1:-1].split("', '") if several else "")
    return sections if end == len(text) else None
