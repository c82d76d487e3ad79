"""
What README and documentation show, run: one mechanism for every page.

A page is run from top to bottom in a folder of its own that holds the logs of `LOGS` and the project's tests. Blocks of these languages are run:

    console   "$ COMMAND" lines, each with what it prints under it; a last line "…" stands for the rest
    repl      "tdexplain> INPUT" lines, each with the answer of the prompt under it; "…" as above
    pycon     a Python session (also "python", where the block begins with ">>>")

`sudo` is there and changes nothing; `tcpdump` prints http.log, unless it is asked to read a file. Where another
program (jq, sqlite3, …) or package is missing, what needs it is left out and named.

`python tests/shown.py --write` writes into the pages what is printed now; the difference is the review.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from unittest import mock

import tdparse
from tdparse.dialogue import Dialogue

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = Path(tdparse.__file__).parent
CAPTURES: Final = ROOT / "fixtures" / "captures"
LOGS: Final = {
    "http.log": PACKAGE / "demo" / "http.log",
    "refused.log": PACKAGE / "demo" / "refused.log",
    "reuse.log": CAPTURES / "reuse" / "absolute.log",
    "loss.log": CAPTURES / "loss" / "absolute.log",
    "loss.pcap": CAPTURES / "loss" / "capture.pcap",
    "client.log": ROOT / "fixtures" / "pairs" / "client.log",
    "server.log": ROOT / "fixtures" / "pairs" / "server.log",
}
BLOCK: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
REFUSED: Final = {2, 126, 127}  # wrong usage, no program, not found
PROMPTS: Final = {"console": "$ ", "repl": "tdexplain> "}
OUTSIDE: Final = re.compile(r"\b(?:jq|sqlite3|tshark|tcptrace|capinfos|mergecap)\b")
SESSION: Final = doctest.DocTestParser()
FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
STUBS: Final = {
    "sudo": '#!/bin/sh\nexec "$@"\n',
    "tcpdump": """#!/bin/sh
case " $* " in *" -r "*) PATH=${PATH#*:} exec tcpdump "$@";; esac
echo 'listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes' >&2
cat "$(dirname "$0")/http.log"
""",
}


class Wrong(NamedTuple):
    """Something shown that is not what is printed."""

    page: Path
    asked: str
    shown: str
    printed: str

    def __str__(self) -> str:
        """Show both."""
        return f"{self.page.relative_to(ROOT)}: {self.asked}\n--- shown\n{self.shown}\n--- printed\n{self.printed}"


def pages() -> list[Path]:
    """Return every page: README, contributor's guide and documentation, what is generated at build time left out."""
    found = [ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if page.is_file() and "generated" not in page.parts]


class Page:
    """One page on its way through its blocks."""

    def __init__(self, path: Path, folder: Path) -> None:
        """Lay out the folder that the page runs in."""
        self.path = path
        self.wrong: list[Wrong] = []
        self.missing: set[str] = set()
        self.count = 0  # of what has been run
        self._folder = folder
        self._names: dict[str, object] = {}
        self._dialogue = Dialogue("en", hints=True)
        programs = folder / ".bin"
        programs.mkdir()
        for name, log in LOGS.items():
            if log.is_file():
                shutil.copy(log, folder / name)
        shutil.copy(folder / "http.log", programs)
        (folder / "tests").symlink_to(ROOT / "tests")
        for name, text in STUBS.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        path_ = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        self._env = {
            **os.environ,
            "PATH": path_,
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "80",
            "HOME": str(folder),
        }

    def run(self) -> str:
        """Run all blocks; return the page with what was printed in the place of what is shown."""
        return BLOCK.sub(self._block, self.path.read_text("utf-8"))

    def _block(self, found: re.Match[str]) -> str:
        indent, language, text = found["indent"], found["language"], found["text"]
        plain = re.sub(f"(?m)^{indent}", "", text)
        if language in PROMPTS:
            plain = self._dialogue_of(PROMPTS[language], plain)
        elif language in {"pycon", "python"} and plain.startswith(">>>"):
            plain = self._python(plain)
        else:
            return found[0]
        body = re.sub(r"(?m)^(?=.)", indent, plain)
        return f"{indent}```{language}\n{body}{indent}```"

    # -------------------------------------------------------------- commands and questions

    def _dialogue_of(self, prompt: str, text: str) -> str:
        parts: list[str] = []
        for asked, shown in exchanges(prompt, text):
            missing = [name for name in OUTSIDE.findall(asked) if shutil.which(name) is None]
            if missing:
                self.missing.update(missing)
                parts.append(f"{prompt}{asked}\n{shown}")
                continue
            self.count += 1
            printed = self._command(asked) if prompt == "$ " else self._question(asked)
            printed = shortened(printed, shown)
            if printed != shown:
                self.wrong.append(Wrong(self.path, asked, shown, printed))
            parts.append(f"{prompt}{asked}\n{printed}")
        return "".join(parts)

    def _command(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        refused = done.returncode in REFUSED  # what is shown must at least be a command
        return (done.stderr if refused else done.stdout).decode()

    def _question(self, text: str) -> str:
        with contextlib.chdir(self._folder):
            return self._dialogue.answer(text) or ""

    # -------------------------------------------------------------- Python

    def _python(self, text: str) -> str:
        test = SESSION.get_doctest(text, self._names, str(self.path), str(self.path), 0)
        runner = Runner()
        with contextlib.chdir(self._folder), mock.patch.dict(os.environ, self._env), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages that the examples use
            runner.run(test, clear_globs=False)
        self._names.update(test.globs)
        self.missing |= runner.absent
        self.count += len(test.examples)
        self.wrong += [Wrong(self.path, example.source, example.want, got) for example, got in runner.wrong]
        return written(text, test.examples, runner.printed)


class Runner(doctest.DocTestRunner):
    """Runs a Python session and keeps what each example has printed, by its line."""

    def __init__(self) -> None:
        """Start with nothing run."""
        super().__init__(optionflags=FLAGS)
        self.printed: dict[int, str] = {}
        self.wrong: list[tuple[doctest.Example, str]] = []
        self.absent: set[str] = set()  # packages that are not installed

    def report_failure(self, _out: object, _test: object, example: doctest.Example, got: str) -> None:
        """Keep what was printed instead."""
        self.printed[example.lineno] = got
        self.wrong.append((example, got))

    def report_unexpected_exception(self, _out: object, _test: object, example: doctest.Example, info: object) -> None:
        """Tell a package that is not installed, and what needs it, from an error."""
        error = info[1]  # type: ignore[index]
        if isinstance(error, ModuleNotFoundError):
            self.absent.add(str(error.name))
        elif not (isinstance(error, NameError) and self.absent):
            self.wrong.append((example, f"{type(error).__name__}: {error}\n"))


def exchanges(prompt: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield what is asked, each with what stands under it."""
    for part in re.split(rf"(?m)^{re.escape(prompt)}", text)[1:]:
        asked, _, shown = part.partition("\n")
        while asked.endswith("\\"):  # a command of several lines
            more, _, shown = shown.partition("\n")
            asked += "\n" + more
        yield asked, shown


def shortened(printed: str, shown: str) -> str:
    """Return as much of what is printed as the page shows: where it ends with "…", as many lines, and the rest for it."""
    lines = shown.splitlines()
    if lines and lines[-1].strip() == "…":
        kept = printed.splitlines()
        if len(kept) > len(lines) - 1:
            return "".join(f"{line}\n" for line in [*kept[: len(lines) - 1], lines[-1]])
    return printed if not printed or printed.endswith("\n") else printed + "\n"


def written(text: str, examples: list[doctest.Example], printed: dict[int, str]) -> str:
    """Return a Python session with what each example has printed."""
    lines = text.splitlines(keepends=True)
    for example in reversed(examples):
        start = example.lineno + example.source.count("\n")
        lines[start : start + example.want.count("\n")] = printed.get(example.lineno, example.want).splitlines(
            keepends=True
        )
    return "".join(lines)


def main() -> int:
    """Run all pages; with --write, write them anew."""
    write = "--write" in sys.argv[1:]
    changed = 0
    for path in pages():
        with tempfile.TemporaryDirectory() as folder:
            page = Page(path, Path(folder))
            text = page.run()
        for wrong in page.wrong:
            sys.stdout.write(
                f"{wrong}\n" if not write else f"{path.relative_to(ROOT)}: {wrong.asked.splitlines()[0]}\n"
            )
        changed += bool(page.wrong)
        if write and text != path.read_text("utf-8"):
            path.write_text(text, "utf-8")
        if page.missing:
            sys.stdout.write(f"{path.relative_to(ROOT)}: not here: {', '.join(sorted(page.missing))}\n")
    return 1 if changed and not write else 0


if __name__ == "__main__":
    raise SystemExit(main())
