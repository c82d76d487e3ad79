"""Running commands: how long, how much processor time, how much memory."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

AS_FOUND = {name: value for name, value in os.environ.items() if name != "TZ"}
UTC = {**AS_FOUND, "TZ": "UTC"}


class Taken(NamedTuple):
    """What one run took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, of all processes
    peak: float  # MB, of the largest process


class FailedError(Exception):
    """A command that is measured ended badly."""


def taken(*pipelines: Sequence[Sequence[str]]) -> Taken:
    """
    Run pipelines side by side, their output thrown away, until the last one ends.

    Raises FailedError when a command fails.
    """
    processes: list[subprocess.Popen[bytes]] = []
    begun = time.perf_counter()
    for pipeline in pipelines:
        before: subprocess.Popen[bytes] | None = None
        for place, command in enumerate(pipeline):
            process = subprocess.Popen(
                command,
                stdin=before.stdout if before else subprocess.DEVNULL,
                stdout=subprocess.PIPE if place + 1 < len(pipeline) else subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=AS_FOUND,
            )
            if before and before.stdout:
                before.stdout.close()
            processes.append(process)
            before = process
    cpu, peak = 0.0, 0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
    wall = time.perf_counter() - begun
    for process in processes:
        if process.returncode:
            raise FailedError(f"{process.args!r} ended with {process.returncode}")
    return Taken(wall, cpu, peak * 1024 / 1e6)
