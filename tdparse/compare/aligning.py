"""Copies that nothing but time tells apart, laid beside each other so that they are the least out of place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdparse.compare.sightings import Sighting

MOST_COSTS: Final = 1 << 18  # of one alignment; beyond, copies are paired as they come

Found: TypeAlias = "tuple[Sighting, Sighting]"  # the same packet, by log


def cheapest(ours: list[tuple[int, Sighting]], theirs: list[tuple[int, Sighting]], alone: int) -> Iterator[Found]:
    """
    Yield the pairs, in order, that are the least out of place in all.

    A copy may stay alone; two that are farther apart than 2 * `alone` do.
    """
    rows, columns = len(ours), len(theirs)
    if not rows or not columns:
        return
    if rows * columns > MOST_COSTS:
        yield from _as_they_come(ours, theirs, alone)
        return
    width = columns + 1
    costs = [place * alone for place in range(width)]
    steps: list[bytearray] = []  # 0: pair, 1: ours alone, 2: theirs alone
    for expected, _ in ours:
        step = bytearray(width)
        row = [costs[0] + alone]
        step[0] = 1
        for place in range(columns):
            best, how = costs[place] + abs(theirs[place][0] - expected), 0
            if (cost := costs[place + 1] + alone) < best:
                best, how = cost, 1
            if (cost := row[place] + alone) < best:
                best, how = cost, 2
            row.append(best)
            step[place + 1] = how
        costs = row
        steps.append(step)
    row_at, column = rows, columns
    while row_at and column:
        how = steps[row_at - 1][column]
        if how == 0:
            row_at, column = row_at - 1, column - 1
            yield ours[row_at][1], theirs[column][1]
        elif how == 1:
            row_at -= 1
        else:
            column -= 1


def _as_they_come(ours: list[tuple[int, Sighting]], theirs: list[tuple[int, Sighting]], alone: int) -> Iterator[Found]:
    place = 0
    for expected, s in ours:
        while place < len(theirs) and theirs[place][0] < expected - 2 * alone:
            place += 1
        if place < len(theirs) and theirs[place][0] <= expected + 2 * alone:
            yield s, theirs[place][1]
            place += 1
