"""
Which logs a batch is about, and where the copy of each goes: files, folders, globs, lists of names.
"""

from __future__ import annotations

import errno
import os
import stat
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tdparse.formats import ENDINGS
from tdparse.read import encoding_of
from tdparse.unpack import UnreadableError, packing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
    """A copy that has no place of its own, and why: a code of the catalogue's section ``trouble``."""

    name: str
    code: str
    other: str = ""


def tasks(
    paths: Iterable[str], plan: Plan, copies: Mapping[str, str], *, listed: bool = False
) -> Iterator[Task | UnreadableError]:
    """
    Yield what there is to do for files, folders and globs; a folder is walked, and its structure kept.

    `copies` are those made before and their logs: a folder that holds both holds one log. Names from a list
    (`listed`) keep the folders they are in. What holds no log gives an UnreadableError as a value: it does not
    stop the others.
    """
    for name in paths:
        if not name:  # or it would be taken for the present folder
            yield UnreadableError(name, "system", FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
            continue
        matched = sorted(glob(name, recursive=True)) if has_magic(name) and not os.path.lexists(name) else []  # noqa: PTH207 - it takes the name as it was given
        for path in map(Path, matched or [name]):
            if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for what may not be looked at
                yield from _walked(path, plan, copies)
            else:
                yield _task(path, Path(*_below(path)) if listed else Path(path.name), plan)


def listed(octets: bytes) -> list[str]:
    """
    Return the names of a list; they end with NUL when there is one, else with a newline.

    A list that begins with a mark, as editors and shells of Windows write them, is read as a log that does.

    >>> listed(b"a b" + bytes(1) + b"c"), listed(b"x.log" + bytes([10]))
    (['a b', 'c'], ['x.log'])
    """
    if (stored := encoding_of(octets)).mark:
        octets = os.fsencode(octets.removeprefix(stored.mark).decode(stored.codec, stored.errors))
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


def apart(todo: Sequence[Task], plan: Plan) -> list[Task]:
    """
    Return the tasks with each log once, and with copies that would meet under names that differ.

    Logs from different folders then keep the folders they are in; copies of packed logs keep what they are
    packed in in their names. What meets even so `collision` finds.
    """
    once: dict[tuple[str, str], Task] = {}
    for task in todo:
        once.setdefault((os.path.realpath(task.target), os.path.realpath(task.name)), task)
    kept = list(once.values())
    return kept if plan.in_place else _in_full(_with_folders(kept, plan), plan)


def collision(todo: Iterable[Task], copies: Mapping[str, str] | None) -> Collision | None:
    """
    Return the first log whose copy would get in the way of another or of a log, None when all is well.

    `copies` are those made before; what else stands beside a log is not replaced. None: whatever it is.
    """
    taken: dict[str, str] = {}
    for task in todo:
        target = os.path.realpath(task.target)  # unlike Path.resolve it takes a link that leads to itself
        log = os.path.realpath(task.name)
        if target in taken:
            return Collision(taken[target], "same_output", task.name)
        taken[target] = task.name
        if task.in_place:
            continue
        if target == log:
            return Collision(task.name, "onto_input")
        beside = os.path.dirname(target) == os.path.dirname(log)  # noqa: PTH120 - of real paths, as text
        if copies is not None and beside and os.path.lexists(target) and copies.get(target) != log:
            return Collision(task.name, "onto_other", str(task.target))
    return None


def _crowded(todo: Sequence[Task]) -> dict[str, list[Task]]:
    """Return the tasks whose copies meet, by where: under one name, or where a folder has to be."""
    groups: dict[str, list[Task]] = {}
    for task in todo:
        groups.setdefault(os.path.realpath(task.target), []).append(task)
    folders = {os.path.realpath(task.target.parent) for task in todo}
    return {target: group for target, group in groups.items() if len(group) > 1 or target in folders}


def _with_folders(todo: Sequence[Task], plan: Plan) -> Sequence[Task]:
    """Let copies of logs from different folders keep these, as far as they differ, where they would meet."""
    parents: dict[Task, str] = {}
    for group in _crowded(todo).values():
        found = {task: os.path.realpath(Path(task.name).parent) for task in group}
        if len(set(found.values())) > 1:
            parents |= found
    top = os.path.commonpath(parents.values()) if parents else ""
    return [
        task._replace(target=plan.folder / os.path.relpath(parents[task], top) / task.target.name)
        if task in parents
        else task
        for task in todo
    ]


def _in_full(todo: Sequence[Task], plan: Plan) -> list[Task]:
    """Let copies of packed logs be named after all of the log's name, where they would meet others: ``x.log.gz.log``."""
    crowded = _crowded(todo)
    taken = {os.path.realpath(task.target) for task in todo} | {os.path.realpath(task.target.parent) for task in todo}
    ending, packing = ENDINGS.get(plan.form, ".log"), f".{plan.packing}" if plan.packing else ""
    found = []
    for task in todo:
        name = Path(task.name).name
        target = task.target
        if os.path.realpath(target) in crowded and target.name != name + ENDINGS.get(plan.form, "") + packing:
            while os.path.realpath(target) in taken:
                name += ending
                target = target.with_name(name + packing)
            taken.add(os.path.realpath(target))
        found.append(task._replace(target=target))
    return found


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


def _walked(folder: Path, plan: Plan, copies: Mapping[str, str]) -> Iterator[Task | UnreadableError]:
    """Yield the logs of a folder: no hidden ones, no backups, and none of the copies below it."""
    troubles: list[UnreadableError] = []
    found = False
    output = None if plan.in_place else os.path.realpath(plan.folder)
    inside = os.path.realpath(folder) + os.sep
    for top, folders, names in os.walk(
        folder, onerror=lambda error: troubles.append(UnreadableError(str(error.filename), "system", error))
    ):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and os.path.realpath(Path(top, name)) != output
        )
        for name in sorted(names):
            path = Path(top, name)
            place = path.relative_to(folder)
            if not name.startswith(".") and not name.endswith(BACKUP) and _wanted(place, plan) and _is_log(path):
                found = True
                if copies and copies.get(os.path.realpath(path), "").startswith(inside):
                    continue
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
