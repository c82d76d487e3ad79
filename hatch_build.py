"""
The optional compiled build: with TDPARSE_COMPILE=1 in the environment the core of the wheel is compiled by mypyc.

The sources stay in the wheel beside it, so what reads them (tracebacks, `inspect`) works as ever. Without the
variable the wheel is pure Python and nothing is needed to build it but hatchling.

    python hatch_build.py   has mypyc do all of it but the C compiler's part: `make lint` notices what it would refuse
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from importlib.machinery import EXTENSION_SUFFIXES
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH: Final = "TDPARSE_COMPILE"
# Other packages are not looked at, whether they are there (in .venv) or not (where pip builds).
MYPY: Final = ("--follow-imports=silent", "--no-site-packages")


class CompiledCore(BuildHookInterface[BuilderConfig]):
    """Adds the compiled modules to a wheel; `modules` of its table in pyproject.toml says which those are."""

    PLUGIN_NAME = "custom"
    _folder: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return what must be there to build."""
        return ["mypy[mypyc]>=1.15"] if wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in a folder of its own: nothing is left in the checkout, whose modules stay what they are."""
        if not wanted() or version == "editable":
            return
        self._folder = TemporaryDirectory(prefix="tdparse-")
        folder, root = Path(self._folder.name), Path(self.root)
        shutil.copytree(root / "tdparse", folder / "tdparse", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(root / "pyproject.toml", folder / "mypy.toml")  # by its own name setuptools would read it too
        command = [sys.executable, "-m", "mypyc", "--config-file", "mypy.toml", *MYPY]
        subprocess.run([*command, *self.config["modules"]], cwd=folder, check=True)  # noqa: S603 - our own list
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in (*folder.glob("*.*"), *folder.glob("tdparse/**/*.*")):
            if path.name.endswith(tuple(EXTENSION_SUFFIXES)):
                build_data["force_include"][str(path)] = str(path.relative_to(folder))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - the interface
        """Remove the folder: the wheel is written."""
        if self._folder is not None:
            self._folder.cleanup()


def wanted() -> bool:
    """Tell whether the environment asks for the compiled build."""
    return os.environ.get(SWITCH, "") not in ("", "0")


def check() -> None:
    """
    Let mypyc check the types of the modules and write them in C; exit with what it complains of.

    To it they are one program, in which every module depends on every other: what `mypy` finds nothing to say about
    can still be met before its type is known.
    """
    from mypyc.build import mypycify

    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    modules = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["modules"]
    told = StringIO()
    try:
        with TemporaryDirectory(prefix="tdparse-") as folder, redirect_stdout(told):  # also tells how fast things are
            mypycify([*MYPY, *modules], target_dir=folder)
    except SystemExit:
        sys.stderr.write(told.getvalue())
        raise


if __name__ == "__main__":
    check()
