"""
One run of a command: the inputs in order, one output, trouble told in a line each, and the exit code.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext, suppress
from copy import copy, deepcopy
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.escapes import safe
from tdparse.interrupt import Interrupt, resizing
from tdparse.output import UnwritableError, replaces, taking
from tdparse.progress import Progress, size_of
from tdparse.read import opened, shown_name
from tdparse.render import Fitted, Octets, Totals
from tdparse.selection import Alarm, Selection
from tdparse.stream import NumberingChoice, Place, Run
from tdparse.unpack import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO, TypeAlias

    from tdparse.halves import Halves
    from tdparse.model import Lang
    from tdparse.read import Source
    from tdparse.render import Renderer
    from tdparse.renumber import To

    Opener: TypeAlias = Callable[[str, Callable[[int], bool]], AbstractContextManager[Source]]

PROGRAM: Final = "tdexplain"


class Exit(IntEnum):
    """How a run ended."""

    DONE = 0
    ALARM = 1  # --fail-on was met, or --strict and a segment line was not read
    USAGE = 2
    FAILED = 3  # an input could not be read or an output could not be written; the others are done
    NOTHING = 4  # no TCP segment in any input
    INTERRUPTED = 130


class Job:
    """Runs inputs through a renderer and remembers what the exit code needs."""

    def __init__(self, lang: Lang, *, fail_on: Sequence[str] = (), strict: bool = False) -> None:
        """Speak `lang`; `fail_on` and `strict` decide what makes the run fail."""
        self.lang: Lang = lang
        self.totals = Totals()
        self.progress: Progress | None = None  # the one that is on the screen
        self._alarm = Alarm(fail_on)
        self._strict = strict
        self._failed = False

    def explain(
        self,
        names: Sequence[str],
        renderer: Renderer,
        selection: Selection,
        *,
        output: Path | None = None,
        numbering: NumberingChoice = "auto",
        drop: str | None = None,
        opener: Opener = opened,
        merge: bool = False,
        jobs: int = 1,
    ) -> Exit:
        """
        Explain the inputs one after another, each as `opener` opens it, or with `merge` as one.

        Without `output` to standard output. A long log takes two processes where `jobs` allows it.
        """
        if self.is_onto_input(output, names):
            return Exit.USAGE
        progress = self.progress = Progress(self.lang, map(size_of, names), together=merge)
        if merge:
            names, opener = self._merged(names)
        run = Run(renderer, selection, self._alarm, self.totals, numbering, drop)

        two = jobs > 1 and not merge and _worth_two(names)

        def first(file: BinaryIO) -> None:
            if isinstance(renderer, Octets):
                renderer.attach(file)

        def one(name: str, file: BinaryIO, interrupt: Interrupt) -> None:
            write = _Writer(file, eager=output is None, before=aside)

            def follow(run: Run, other: Halves | None = None) -> None:
                with opener(name, interrupt.wait) as source:

                    def stopped() -> bool:
                        progress.tick(source.consumed, self.totals.lines)
                        enough = interrupt.requested and not source.live
                        return enough if other is None else other.stopped(enough=enough)

                    divide = None if other is None else other.divide
                    try:
                        run.follow(source, write, stopped, encoded=write.encoded, divide=divide)
                    finally:
                        progress.next(source.consumed)
                        progress.clear()
                    if interrupt.requested and not (output is None or source.live):
                        raise KeyboardInterrupt  # half of a file must not look like the whole of it

            places: list[Place] = []
            known = self.totals.skipped["rejected"]
            watched = run._replace(places=places) if self._strict else run
            if two:
                _halved(name, watched, write, follow)
            else:
                follow(watched)
            if places:
                self._tell_unread(shown_name(name), self.totals.skipped["rejected"] - known, places)

        def last(file: BinaryIO) -> None:
            progress.stop()
            _Writer(file, eager=True)(renderer.finish(self.totals))

        # On a terminal the output shows by itself how far it has come.
        on_screen = output is None and sys.stdout.isatty()
        aside = progress.stop if on_screen else None
        with resizing(renderer.fit) if on_screen and isinstance(renderer, Fitted) else nullcontext():
            code = self._over(names, one, output, first, last)
        if len(names) == 1 and self.totals.segments and code is not Exit.INTERRUPTED:
            self._tell_missing(shown_name(names[0]), selection)
        return code

    def is_onto_input(self, output: Path | None, names: Sequence[str]) -> bool:
        """Tell of an output that would replace one of the logs it is about, and return whether it would."""
        onto = output is not None and replaces(output, names)
        if onto:
            self.complain(str(output), "onto_input")
        return onto

    def _tell_missing(self, name: str, selection: Selection) -> None:
        """Tell which connections were asked for that the only input does not have: by number, or by address."""
        missing = [str(conn) for conn in sorted(selection.conns) if not 0 < conn <= self.totals.connections]
        if not missing and not self.totals.chosen:
            missing += [f"--host {host}" for host in sorted(selection.hosts)]
            missing += [f"--port {port}" for port in sorted(selection.ports)]
        if missing:
            self.complain(name, "no_connection", catalog.sentence("ui", "comma", self.lang).join(missing))

    def _merged(self, names: Sequence[str]) -> tuple[Sequence[str], Opener]:
        from tdparse.merge import merged, name_of

        def trouble(error: UnreadableError) -> None:
            self.trouble(error.name, error.code, error.detail)

        def opener(_name: str, wait: Callable[[int], bool]) -> AbstractContextManager[Source]:
            return merged(names, wait, trouble)

        return [name_of(names)], opener

    def convert(
        self, names: Sequence[str], to: To, *, output: Path | None = None, numbering: NumberingChoice = "auto"
    ) -> Exit:
        """Write the inputs one after another in the numbering `to`; without `output` to standard output."""
        from tdparse.convert import convert, hint, readable_twice

        passes = 2 if numbering == "auto" else 1
        progress = self.progress = Progress(self.lang, map(size_of, names))
        on_screen = output is None and sys.stdout.isatty()
        heard = 0  # lines, in every pass

        def one(name: str, file: BinaryIO, interrupt: Interrupt) -> None:
            shown = shown_name(name)
            live = False
            before = 0  # octets of the pass before

            def beat(lines: int) -> None:
                nonlocal heard
                heard += lines
                progress.tick((before + source.consumed) // passes, heard // passes)

            def stopped() -> bool:
                return interrupt.requested and not live

            with readable_twice(name, interrupt.wait) as place:
                live = place != name
                likely = None
                if numbering == "auto":
                    with opened(place, called=shown) as source:
                        likely = hint(source, beat)
                        before = source.consumed
                if on_screen:
                    progress.stop()  # the output shows by itself how far it has come
                with opened(place, called=shown) as source:
                    kept = convert(source, to, file, likely=likely, numbering=numbering, stopped=stopped, beat=beat)
                    progress.next((before + source.consumed) // passes)
            progress.clear()
            if stopped() and output is not None:
                raise KeyboardInterrupt  # half of a file must not look like the whole of it
            self.totals.add(kept.totals)
            for rule, count in sorted(kept.lost.items()):
                self.complain(shown, f"lost_{rule}", str(count))
            if rejected := kept.totals.skipped["rejected"]:
                self.complain(shown, "lost_rejected", str(rejected))

        return self._over(names, one, output, last=lambda _: progress.stop())

    def _over(
        self,
        names: Sequence[str],
        one: Callable[[str, BinaryIO, Interrupt], None],
        output: Path | None,
        first: Callable[[BinaryIO], None] = lambda _: None,
        last: Callable[[BinaryIO], None] = lambda _: None,
    ) -> Exit:
        """Do `one` for each input, `first` before and `last` after them, with the file that takes the output."""
        interrupt = Interrupt()
        try:
            with ExitStack() as stack:
                file = stack.enter_context(taking(output))
                stack.enter_context(interrupt)
                first(file)
                for name in names:
                    try:
                        one(name, file, interrupt)
                    except UnreadableError as error:
                        self.trouble(error.name, error.code, error.detail)
                    if interrupt.requested:
                        break
                # An empty file must not look like an empty log, or replace what is there.
                if self._failed and output is not None and not self.totals.lines:
                    raise _UnreadError  # noqa: TRY301 - leaving the blocks removes the file
                last(file)
        except _UnreadError:
            return self.code()
        except BrokenPipeError:  # the reader has seen enough
            return Exit.DONE
        except KeyboardInterrupt:
            return Exit.INTERRUPTED
        except UnwritableError as error:
            self.trouble(error.name, "unwritable", error.detail)
        self.tell_evicted(self.totals.evicted)
        if interrupt.requested:
            return Exit.INTERRUPTED
        if not self._failed and not self.totals.segments:
            self._nothing(names)
        return self.code()

    def take(self, totals: Totals, *, met: bool) -> None:
        """Add what another run has counted, and whether its alarm was met."""
        self.totals.add(totals)
        self._alarm.met = self._alarm.met or met

    def _tell_unread(self, name: str, lines: int, places: Sequence[Place]) -> None:
        """Tell where lines of an input could not be read, as `--strict` fails because of them."""
        from tdparse.tally import unread

        self.say(f"{PROGRAM}: {unread(name, lines, places, self.lang)}")

    def tell_evicted(self, count: int) -> None:
        """Tell how many connections were given up to keep the memory bounded, if any were."""
        if count:
            self.complain("", "evicted", f"{count:,}")

    def trouble(self, name: str, code: str, detail: str = "") -> str:
        """Tell of an input or output that could not be used, return how; the run goes on and fails at its end."""
        self._failed = True
        return self.complain(name, code, detail)

    def complain(self, name: str, code: str, detail: str = "") -> str:
        """Tell something in one line, on standard error; return it."""
        sentence = catalog.trouble(code, self.lang, safe(name) or "''", safe(detail))
        self.say(f"{PROGRAM}: {sentence}")
        return sentence

    def say(self, text: str) -> None:
        """Write a line to standard error, whatever its encoding, unless nobody is there any more."""
        if self.progress is not None:
            self.progress.clear()
        encoding = sys.stderr.encoding or "utf-8"
        with suppress(OSError):
            sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            sys.stderr.flush()

    def code(self) -> Exit:
        """Return how the run ended."""
        if self._failed:
            return Exit.FAILED
        if self._alarm.met or (self._strict and self.totals.skipped["rejected"]):
            return Exit.ALARM
        return Exit.DONE if self.totals.segments else Exit.NOTHING

    def _nothing(self, names: Sequence[str]) -> None:
        if len(names) == 1:
            self.complain(shown_name(names[0]), "nothing" if self.totals.lines else "empty")
        else:
            self.say(f"{PROGRAM}: {catalog.sentence('ui', 'no_segment', self.lang)}")


def _halved(name: str, run: Run, write: _Writer, follow: Callable[[Run, Halves | None], None]) -> None:
    """Have `follow` show a log on two processes; where that fails, again on this one, from where they have come to."""
    from tdparse.halves import Halves, LostError
    from tdparse.sharing import DivergedError

    again = run._replace(renderer=copy(run.renderer))
    counted, met = deepcopy(vars(run.totals)), run.alarm.met
    try:
        with Halves(name, run) as other:
            follow(run, other)
    except (LostError, DivergedError):
        vars(run.totals).update(counted)
        run.alarm.met = met
        if run.places is not None:
            run.places.clear()
        write.begin_again()
        follow(again, None)


def _worth_two(names: Sequence[str]) -> bool:
    from tdparse.halves import worth  # brings what only two processes need

    return worth(names)


class _UnreadError(Exception):
    """None of the inputs could be read."""


class _Writer:
    """Writes text as UTF-8; an eager one hands it on at once."""

    def __init__(self, file: BinaryIO, *, eager: bool, before: Callable[[], None] | None = None) -> None:
        self._file = file
        self._eager = eager
        self._before = before
        self._written = 0  # octets
        self._left_out = 0  # octets to come, which are written already

    def begin_again(self) -> None:
        """What comes now is the same again from its beginning; only what was not written is new."""
        self._left_out = self._written

    def __call__(self, text: str) -> None:
        self.encoded(text.encode("utf-8", "surrogateescape"))

    def encoded(self, text: bytes) -> None:
        """Write text in UTF-8."""
        if self._left_out:
            known = min(self._left_out, len(text))
            self._left_out -= known
            text = text[known:]
        if text:
            self._written += len(text)
            if self._before is not None:
                self._before()
            self._file.write(text)
            if self._eager:
                self._file.flush()
