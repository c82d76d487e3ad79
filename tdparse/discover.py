"""
Which logs a batch is about, and where the copy of each goes: files, folders, globs, lists of names.
"""

from __future__ import annotations

import os
import stat
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.formats import ENDINGS
from tdparse.unpack import UnreadableError, packing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PACKED: Final = frozenset({".gz", ".xz", ".bz2", ".zst"})  # endings a copy does without
CAPTURES: Final = frozenset({".pcap", ".pcapng", ".cap"})  # a copy of these is text
BACKUP: Final = "~"  # a log that was annotated in place stands beside its copy, as editors do it


class Task(NamedTuple):
    """One log and where its copy goes."""

    name: str
    target: Path
    packing: str | None = None
    in_place: bool = False


class Plan(NamedTuple):
    """Where copies go, and which files of a folder are logs."""

    folder: Path
    form: str = "text"
    packing: str | None = None
    include: tuple[str, ...] = ()  # globs; none is all
    exclude: tuple[str, ...] = ()
    in_place: bool = False


class Collision(NamedTuple):
    """Two logs whose copies would carry one name, or a copy that would replace its log (`other` is None)."""

    name: str
    other: str | None


def tasks(paths: Iterable[str], plan: Plan, *, listed: bool = False) -> Iterator[Task | UnreadableError]:
    """
    Yield what there is to do for files, folders and globs; a folder is walked, and its structure kept.

    Names from a list (`listed`) keep the folders they are in. What holds no log gives an UnreadableError as a
    value: it does not stop the others.
    """
    for name in paths:
        matched = sorted(glob(name, recursive=True)) if has_magic(name) and not os.path.lexists(name) else []  # noqa: PTH207 - it takes the name as it was given
        for path in map(Path, matched or [name]):
            if path.is_dir():
                yield from _walked(path, plan)
            else:
                yield _task(path, Path(*_below(path)) if listed else Path(path.name), plan)


def listed(octets: bytes) -> list[str]:
    """
    Return the names of a list; they end with NUL when there is one, else with a newline.

    >>> listed(b"a b" + bytes(1) + b"c"), listed(b"x.log" + bytes([10]))
    (['a b', 'c'], ['x.log'])
    """
    end = b"\0" if b"\0" in octets else b"\n"
    names = octets.split(end) if end == b"\0" else [name.removesuffix(b"\r") for name in octets.split(end)]
    return [os.fsdecode(name) for name in names if name]


def copy_name(name: str, plan: Plan) -> str:
    """
    Return the name of a log's copy: the log's own, as what it is stored in now.

    >>> plan = Plan(Path())
    >>> copy_name("x.log.gz", plan), copy_name("y.pcap", plan), copy_name("z.log", plan._replace(form="jsonl"))
    ('x.log', 'y.pcap.log', 'z.log.jsonl')
    """
    path = Path(name)
    path = path.with_suffix("") if path.suffix.lower() in PACKED else path
    ending = ".log" if plan.form == "text" and path.suffix.lower() in CAPTURES else ENDINGS.get(plan.form, "")
    return f"{path.name}{ending}" + (f".{plan.packing}" if plan.packing else "")


def collision(todo: Iterable[Task]) -> Collision | None:
    """Return the first pair of logs that would get in each other's way, None when all is well."""
    taken: dict[Path, str] = {}
    for task in todo:
        target = task.target.resolve()
        if target in taken:
            return Collision(taken[target], task.name)
        taken[target] = task.name
        if not task.in_place and target == Path(task.name).resolve():
            return Collision(task.name, None)
    return None


def _task(path: Path, place: Path, plan: Plan) -> Task | UnreadableError:
    if not plan.in_place:
        return Task(str(path), plan.folder / place.parent / copy_name(place.name, plan), plan.packing)
    target = path.resolve()  # behind a link stands the log itself
    try:
        packing = packing_of(target)
    except OSError as error:
        return UnreadableError(str(path), "system", error)
    if packing == "capture":
        return UnreadableError(str(path), "capture_in_place")
    return Task(str(path), target, packing, in_place=True)


def _walked(folder: Path, plan: Plan) -> Iterator[Task | UnreadableError]:
    """Yield the logs of a folder: no hidden ones, no backups, and none of the copies below it."""
    troubles: list[UnreadableError] = []
    found = False
    output = None if plan.in_place else plan.folder.resolve()
    for top, folders, names in os.walk(
        folder, onerror=lambda error: troubles.append(UnreadableError(str(error.filename), "system", error))
    ):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(top, name).resolve() != output
        )
        for name in sorted(names):
            path = Path(top, name)
            place = path.relative_to(folder)
            if not name.startswith(".") and not name.endswith(BACKUP) and _wanted(place, plan) and _is_log(path):
                found = True
                yield _task(path, place, plan)
    yield from troubles
    if not (found or troubles):
        yield UnreadableError(str(folder), "no_logs")


def _wanted(place: Path, plan: Plan) -> bool:
    def fits(patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(place.name, glob) or fnmatchcase(str(place), glob) for glob in patterns)

    return (not plan.include or fits(plan.include)) and not fits(plan.exclude)


def _is_log(path: Path) -> bool:
    """Return whether a file can be read to its end; one that cannot be looked at is tried, and told about."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _below(path: Path) -> list[str]:
    """Return the parts of a path as they are below the folder of the copies."""
    parts = Path(os.path.normpath(path)).parts
    return [part for part in parts if part not in {"..", path.anchor}]
