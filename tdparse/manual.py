"""The manual page, built from the help of the commands, so that both say the same: `make man`."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from typer.main import get_command

from tdparse.cli import app
from tdparse.job import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

EXITS: Final = (
    ("0", "done"),
    ("1", "--fail-on met, or --strict and a segment line could not be read"),
    ("2", "wrong usage"),
    ("3", "an input could not be read or an output could not be written (the others are still done)"),
    ("4", "nothing to explain: no TCP segment in any input"),
    ("130", "interrupted"),
)
ENVIRONMENT: Final = (
    (
        "TDEXPLAIN_LANG",
        "The language of sentences, en or zh; without it the locale decides (LC_ALL, LC_MESSAGES, LANG).",
    ),
    ("NO_COLOR", "When set and not empty, no colours are used unless asked for."),
)


def page() -> str:
    """Return the manual page in the language of man(7)."""
    command: Any = get_command(app)
    with command.make_context(PROGRAM, [], resilient_parsing=True) as context:
        lines = [
            f'.TH {PROGRAM.upper()} 1 "" "{PROGRAM} {version("tdparse")}" "User Commands"',
            ".SH NAME",
            f"{PROGRAM} \\- explain tcpdump's text output for TCP, line by line, with the state of both endpoints",
            ".SH SYNOPSIS",
            f".B {PROGRAM}\n[\\fIOPTIONS\\fR] [\\fIFILE\\fR]...",
            *(f".br\n.B {PROGRAM} {name}\n{_usage(inner, context)}" for name, inner in command.commands.items()),
            ".SH DESCRIPTION",
            *_text(command.help),
            *_options(command, context),
            ".SH COMMANDS",
        ]
        for name, inner in command.commands.items():
            lines += [f".SS {PROGRAM} {name}", *_text(inner.help)]
            with inner.make_context(name, [], parent=context, resilient_parsing=True) as place:
                lines += _options(inner, place)
            lines += [".PP", _escaped(inner.epilog)]
    lines += [".SH EXIT STATUS", *(line for code, text in EXITS for line in (".TP", f".B {code}", _escaped(text)))]
    lines += [
        ".SH ENVIRONMENT",
        *(line for name, text in ENVIRONMENT for line in (".TP", f".B {name}", _escaped(text))),
    ]
    lines += [".SH SEE ALSO", ".BR tcpdump (1)"]
    return "\n".join(lines) + "\n"


def _usage(command: Any, parent: Any) -> str:
    with command.make_context(command.name, [], parent=parent, resilient_parsing=True) as context:
        return _escaped(" ".join(command.collect_usage_pieces(context)))


def _text(text: str) -> Iterator[str]:
    """Yield paragraphs; one that begins with the mark of the help for laid-out text keeps its lines."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        lines = [line.rstrip() for line in paragraph.splitlines()]
        if number:
            yield ".PP"
        if lines[0].strip() == "\b":
            yield from (".nf", *map(_escaped, lines[1:]), ".fi")
        else:
            yield _escaped(" ".join(line.strip() for line in lines))


def _options(command: Any, context: Any) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            names, text = record
            yield from (".TP", f".B {_escaped(names)}", _escaped(" ".join(text.split())))


def _escaped(text: str) -> str:
    """Return text that man shows as it is: no command, no hyphen where a minus stands."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + shown if shown.startswith((".", "'")) else shown


if __name__ == "__main__":
    sys.stdout.write(page())
