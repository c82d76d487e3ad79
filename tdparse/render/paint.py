"""Colours with a meaning each: whose it is, which part of a connection's life, how much it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdparse.model import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdparse.model import Role

RESET: Final = "\x1b[0m"
BOLD: Final = "\x1b[1m"
DIM: Final = "\x1b[2m"
RED: Final = "\x1b[31m"
GREEN: Final = "\x1b[32m"
YELLOW: Final = "\x1b[33m"
MAGENTA: Final = "\x1b[35m"
CYAN: Final = "\x1b[36m"
BLUE: Final = "\x1b[94m"  # the bright one: the other cannot be read on black

ROLES: Final[Mapping[Role, str]] = {"client": CYAN, "server": BLUE}
GROUPS: Final[Mapping[str, str]] = {"handshake": GREEN, "teardown": MAGENTA, "reset": RED}  # by the step's first part
SEVERITIES: Final[Mapping[Severity, str]] = {
    Severity.CHAT: DIM,
    Severity.NOTE: "",
    Severity.WARN: YELLOW,
    Severity.ERROR: RED,
}


def group(step: str) -> str:
    """Return the colour of a step, "" for none of its own."""
    return GROUPS.get(step.partition(".")[0], "")


class Brush:
    """Paints text, or leaves it as it is."""

    def __init__(self, *, color: bool) -> None:
        """Paint only where there is `color`."""
        self.color = color

    def __call__(self, paint: str, text: str) -> str:
        """Return `text` painted; "" is no paint."""
        return f"{paint}{text}{RESET}" if self.color and paint else text
