"""What must not be shown as it is, and what is shown instead: the one rule for terminals, files and notebooks."""

from __future__ import annotations

import re
from typing import Final

# What moves the cursor, starts an escape sequence, ends a line where none ends, reverses the writing direction, or
# is there without being seen; lone surrogates are undecodable bytes. Tabs stay.
UNSAFE: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_FIRST_BYTE: Final = 0xDC80  # PEP 383: byte 0x80 is U+DC80, byte 0xff is U+DCFF
_LAST_BYTE: Final = 0xDCFF


def safe(text: str) -> str:
    r"""
    Return `text` with everything a terminal would act on shown as an escape.

    >>> safe("a\x1b[31mb\tc")
    'a\\x1b[31mb\tc'
    """
    return text if text.isprintable() else UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return escape_of(match[0])


def escape_of(character: str) -> str:
    r"""
    Return the escape that is shown for a character; of a lone surrogate, that of the byte it stands for.

    >>> escape_of("\x1b"), escape_of("\u202e"), escape_of("\udcff")
    ('\\x1b', '\\u202e', '\\xff')
    """
    number = ord(character)
    if _FIRST_BYTE <= number <= _LAST_BYTE:
        number -= 0xDC00
    if number > 0xFFFF:  # noqa: PLR2004 - what four digits hold
        return f"\\U{number:08x}"
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - what two digits hold


def as_html(text: str) -> str:
    r"""
    Return `text` as HTML that shows all of it and does nothing; line ends stay.

    >>> as_html("<b>\x1b[2J\u202e\nsecond line")
    '&lt;b&gt;\\x1b[2J\\u202e\nsecond line'
    """
    from html import escape

    return escape("\n".join(map(safe, text.split("\n"))))
