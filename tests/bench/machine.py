"""What it ran on, and with what; nothing that names the machine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def compiled() -> str:
    """Return the program that `make compiled` builds, "" when it is not there."""
    program = ROOT / ".venv-compiled" / "bin" / "tdexplain"
    return str(program) if program.exists() else ""


@cache
def able(condition: str) -> bool:
    """Return whether what a row needs is there."""
    if condition == "compiled":
        return bool(compiled())
    if condition == "jobs":
        program = Path(sys.executable).with_name("tdexplain")
        said = subprocess.run([program, "explain", "--help"], check=True, capture_output=True, text=True).stdout
        return "--jobs" in said
    return not condition or shutil.which(condition) is not None


def description() -> list[str]:
    """Return what the machine is and which versions ran, a line each."""
    kinds = re.findall(r"^model name\s*:\s*(.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    build = sysconfig.get_config_var("CONFIG_ARGS") or ""
    tuned = "with" if "--enable-optimizations" in build else "without"
    lines = [
        f"Processor: {kinds[0] if kinds else platform.machine()}, {len(os.sched_getaffinity(0))} cores"
        + (", virtual" if "hypervisor" in _read("/proc/cpuinfo") else ""),
        f"Memory: {int(memory[1]) / 2**20:.0f} GiB" if memory else "Memory: unknown",
        f"System: {platform.system()} {platform.release().split('-')[0]}",
        f"Python: {platform.python_implementation()} {platform.python_version()}, built {tuned} profile-guided optimisation",
        "Packages: " + ", ".join(f"{name} {version(name)}" for name in ("msgspec", "typer", "lark")),
    ]
    for program, argument, pattern in (
        ("tcpdump", "--version", r"tcpdump version (\S+)"),
        ("tshark", "--version", r"TShark \(Wireshark\) (\d[\d.]*\d)"),
        ("tcptrace", "-v", r"version (\S+)"),
    ):
        if shutil.which(program):
            done = subprocess.run([program, argument], check=False, capture_output=True, text=True)
            found = re.search(pattern, done.stdout + done.stderr)
            lines.append(f"{program}: {found[1] if found else 'unknown version'}")
        else:
            lines.append(f"{program}: not installed, not measured")
    return lines


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
