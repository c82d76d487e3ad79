"""
Every way in: the wheel and the source distribution, installed as users do, on each Python there is.

Run by `make package` (it fetches packages, so it is not part of `make test`):

    pytest tests/installs.py                      each way to install once, and a selection of the tests on every Python
    pytest tests/installs.py --whole-suite        each way on every Python, and all the tests
    pytest tests/installs.py --only-python 3.12   on one Python only
    pytest tests/installs.py --built dist         of a folder where both have been built already

The tests run from a copy of the checkout without `tdparse/` and `grammar/`: what they import is what was installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from conftest import ROOT, run

SELECTION: Final = ["library", "doctests", "record", "demo", "help"]
REJECTED: Final = b"10:00:00.000000 IP 10.0.0.1.5 > 10.0.0.2.80: Flags [S], seq x, win 9, length 0\n"
# How each way is said, and on which of the Pythons it is tried where not all are: the first, the last, none.
WAYS: Final = {"pip install .": 0, "pip install -e .": -1, "pip install SDIST": None, "pip install WHEEL": 0}
UV: Final = [sys.executable, "-m", "uv"]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
pytestmark = pytest.mark.timeout(3600)  # they build, fetch and run whole suites
NEEDED_TO_TEST: Final = [
    "pytest",
    "pytest-benchmark",
    "pytest-regressions",
    "pytest-rerunfailures",
    "pytest-timeout",
    "pytest-xdist",
    "hypothesis",
    "import-linter",
    "interegular",
    "jsonschema",
    "pexpect",
    "typing-extensions",
]


def pythons() -> dict[str, str]:
    """Return the interpreters there are that the package says it supports: version → program, oldest first."""
    folders = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions", *uv_folder()]
    programs = [str(path) for folder in folders for path in sorted(folder.glob("*/bin/python3"))]
    programs += [path for minor in range(11, 20) if (path := shutil.which(f"python3.{minor}"))]
    found: dict[str, str] = {}
    for program in [sys.executable, *programs]:
        asked = [program, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        version = done.stdout.strip()
        if done.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 11):
            found.setdefault(version, program)
    return dict(sorted(found.items(), key=lambda item: int(item[0].split(".")[1])))


def uv_folder() -> Iterator[Path]:
    """Return where uv keeps the interpreters it has fetched."""
    done = subprocess.run([*UV, "python", "dir"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield Path(done.stdout.strip())


PYTHONS: Final = pythons()
NAMED: Final = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The wheel, built through the source distribution, or the one that has been built already."""
    if pytestconfig.getoption("--built"):
        return next(Path(str(pytestconfig.getoption("--built"))).resolve().glob("*.whl"))
    folder = tmp_path_factory.mktemp("dist")
    must([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)])
    return next(folder.glob("*.whl"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clean copy of what is under version control (or, without git, of what lies here)."""
    copy = tmp_path / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "dist", "build"))
        return copy
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def must(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command that has to succeed; return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=1800, env={**CLEAN, **(env or {})}
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


# What an environment of a user has not; and uv compiles nothing: what is imported is compiled once, not by every process.
LEFT_OUT: Final = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
CLEAN: Final = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}


def environment(folder: Path, python: str) -> Path:
    """Make an empty environment; return its folder of programs."""
    must([*UV, "venv", "--no-project", "--no-python-downloads", "--seed", "--python", PYTHONS[python], str(folder)])
    return folder / "bin"


def works(program: list[str], where: Path) -> None:
    """The program explains a log, and has brought its grammar, its catalogue and its demo."""
    env = {"TDEXPLAIN_LANG": "zh"}
    demo = run([*program, "demo"], cwd=where)
    assert demo.code == 0, demo.err
    assert "[complete.clean]" in demo.out
    rejected = run([*program, "--strict", "-"], REJECTED, env=env, cwd=where)
    assert rejected.code == 1, rejected.err
    assert "61" in rejected.out
    assert run([*program, "why", "retransmission"], env=env, cwd=where).out.strip()


@pytest.fixture(params=PYTHONS)
def python(request: pytest.FixtureRequest) -> str:
    """Each Python there is, or the one that was asked for."""
    asked: str | None = request.config.getoption("--only-python")
    if asked not in {None, request.param}:
        pytest.skip(f"only Python {asked} was asked for")
    return str(request.param)


@pytest.mark.parametrize("version", NAMED)
def test_a_python_of_the_metadata_is_there(version: str) -> None:
    """Said clearly where one is missing, so that a run that skips it is not taken for one that passed."""
    if version not in PYTHONS:
        pytest.skip(f"Python {version} is not installed here; found {', '.join(PYTHONS)}")


def test_the_metadata_names_every_python_that_is_there() -> None:
    """A newer one on this machine is tested, so it can be named."""
    assert set(PYTHONS) <= set(NAMED)


def one_is_enough(python: str, index: int | None, config: pytest.Config) -> None:
    """Unless everything was asked for, a way is tried on one Python."""
    if config.getoption("--whole-suite") or config.getoption("--only-python"):
        return
    if index is None or python != list(PYTHONS)[index if index < len(PYTHONS) else 0]:
        pytest.skip("--whole-suite tries this too")


@pytest.mark.parametrize("way", WAYS)
def test_pip_installs_it(
    way: str, python: str, wheel: Path, checkout: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """With nothing but pip, nothing that only developers have, and the program runs anywhere."""
    one_is_enough(python, WAYS[way], pytestconfig)
    bin_ = environment(tmp_path / "env", python)
    what = {"SDIST": str(next(wheel.parent.glob("*.tar.gz"))), "WHEEL": str(wheel)}
    arguments = [what.get(part, part) for part in way.split()[1:]]
    must([str(bin_ / "pip"), *arguments, "--quiet"], cwd=checkout)
    works([str(bin_ / "tdexplain")], tmp_path)
    works([str(bin_ / "python"), "-m", "tdparse"], tmp_path)
    listed = must([str(bin_ / "pip"), "list", "--format", "freeze"])
    assert not {"pytest", "hypothesis", "mypy", "ruff", "hatchling"} & set(
        re.findall(r"^([\w-]+)==", listed, re.MULTILINE)
    )
    must([str(bin_ / "pip"), "check"])
    if "-e" in way:  # an edit is seen at once, in the grammar's folder too
        messages = checkout / "tdparse" / "messages.toml"
        messages.write_text(messages.read_text("utf-8").replace("Connection refused", "SOMEBODY refused"), "utf-8")
        assert "SOMEBODY refused" in run([str(bin_ / "tdexplain"), "demo"], cwd=tmp_path).out


def test_uv_runs_it(python: str, checkout: Path, pytestconfig: pytest.Config) -> None:
    """`uv run tdexplain`, in a clone that has never been installed."""
    one_is_enough(python, 1, pytestconfig)
    env = {"UV_PYTHON": PYTHONS[python], "UV_PYTHON_DOWNLOADS": "never"}
    assert "[complete.clean]" in must([*UV, "run", "--no-dev", "tdexplain", "demo"], cwd=checkout, env=env)


def test_it_runs_as_a_tool_of_its_own(python: str, wheel: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """What pipx and `uv tool` do: an environment of its own, the program on PATH."""
    one_is_enough(python, -1, pytestconfig)
    env = {
        "UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin"), "UV_PYTHON_DOWNLOADS": "never"
    }  # fmt: skip
    must([*UV, "tool", "install", "--python", PYTHONS[python], str(wheel)], env=env)
    works([str(tmp_path / "bin" / "tdexplain")], tmp_path)


@pytest.mark.parametrize("versions", ["newest", "oldest"])
def test_the_tests_pass_on_the_installed_wheel(
    versions: str, python: str, wheel: Path, checkout: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """With the newest dependencies, and with the oldest that the metadata allows; no source beside the tests."""
    whole = bool(pytestconfig.getoption("--whole-suite"))
    if versions == "oldest":
        one_is_enough(python, 0, pytestconfig)
    bin_ = environment(tmp_path / "env", python)
    program = str(bin_ / "python")
    oldest_there = python == next(iter(PYTHONS))  # on a newer Python the oldest pyarrow has no wheel
    extras = "[zst,parquet,serve]" if versions == "newest" else "[zst,parquet]" if oldest_there else "[zst]"
    resolution = ["--resolution", "lowest-direct"] if versions == "oldest" else []
    must([*UV, "pip", "install", "--python", program, *resolution, f"{wheel}{extras}"])
    must([*UV, "pip", "install", "--python", program, *NEEDED_TO_TEST])
    shutil.rmtree(checkout / "tdparse")
    shutil.rmtree(checkout / "grammar")
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        (checkout.parent / "shared").symlink_to(shared)
    selected = [] if whole else [f"tests/test_{name}.py" for name in SELECTION]
    where = must([program, "-c", "import tdparse; print(tdparse.__file__)"], cwd=checkout)
    assert where.startswith(str(tmp_path / "env"))
    # As `make test` does it; a selection is not worth the start of workers.
    workers = ["-n", "2", "--dist", "worksteal"] if whole else []
    told = must(
        [program, "-m", "pytest", "-q", *workers, "--reruns", "1", "-raR", "-p", "no:cacheprovider", *selected],
        cwd=checkout,
    )
    assert re.search(r"\d{2,} passed", told)
    print(told.rpartition("short test summary info")[2])  # what was skipped, and tried once more
