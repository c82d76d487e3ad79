"""What can stand next on a line of the prompt: commands, codes, connections, hosts, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tdparse.session import Session

STYLES: Final = ("relative", "absolute", "both", "symbolic")


class Known(NamedTuple):
    """What a session has to offer."""

    commands: tuple[str, ...]
    conns: tuple[str, ...] = ()  # "1", "2", …
    hosts: tuple[str, ...] = ()  # in order of appearance
    lines: tuple[str, ...] = ()  # of segments and of rejected lines, the latest first


def known(session: Session, commands: Sequence[str]) -> Known:
    """Return what `session` has to offer."""
    flows = {step.flow.conn: step.flow for step in session.steps()}
    hosts = dict.fromkeys(end.host for conn in sorted(flows) for end in (flows[conn].client, flows[conn].server))
    lines = [str(number) for number in session.readable()]
    return Known(tuple(commands), tuple(map(str, sorted(flows))), tuple(hosts), tuple(reversed(lines)))


def candidates(before: str, offer: Known) -> list[str]:
    """
    Return the words that can complete the last word of `before` (the text up to the cursor), best first.

    >>> candidates("co", Known(("connections", "quit")))
    ['connections']
    """
    words = before.split(" ")
    if len(words) == 1:
        return _fitting(words[0], offer.commands)
    source = _ARGUMENTS.get(words[0].lower())
    return _fitting(words[-1], source(offer)) if source else []


def takes_file(before: str) -> bool:
    """Return whether a file's name stands at the end of `before`."""
    command, blank, _ = before.partition(" ")
    return bool(blank) and command.lower() in {"load", "save"}


def _fitting(begun: str, words: Sequence[str]) -> list[str]:
    return [word for word in words if word.lower().startswith(begun.lower())]


def _codes(offer: Known) -> list[str]:
    codes = (code for section in catalog.EXPLAINED for code in catalog.reference_codes(section))
    return [*offer.lines, *dict.fromkeys(codes)]


def _connections(offer: Known) -> list[str]:
    return [*offer.conns, *offer.hosts]


_ARGUMENTS: Final[Mapping[str, Callable[[Known], Sequence[str]]]] = {
    "help": lambda offer: offer.commands,
    "connections": _connections,
    "verdicts": _connections,
    "show": _connections,
    "ladder": _connections,
    "why": _codes,
    "tree": lambda offer: offer.lines,
    "lang": lambda _: catalog.LANGUAGES,
    "numbers": lambda _: STYLES,
}
