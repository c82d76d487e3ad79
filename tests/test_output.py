"""A file gets its final name when it is complete, and not before."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from conftest import ROOT

from tdparse.output import UnwritableError, named, replaced


def test_the_name_appears_with_the_last_byte(tmp_path: Path) -> None:
    """Until the block ends the old file stands."""
    target = tmp_path / "x"
    target.write_text("old")
    with replaced(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444], ids=oct)
def test_a_file_is_no_more_public_than_what_it_replaces(mode: int, tmp_path: Path) -> None:
    """Nor is it while it is being written."""
    place = tmp_path / "x"
    place.write_bytes(b"old")
    place.chmod(mode)
    if os.geteuid() == 0:
        os.chown(place, 65534, 65534)
    owner = place.stat().st_uid
    with replaced(place) as file:
        file.write(b"new")
        (beside,) = set(tmp_path.iterdir()) - {place}
        found = beside.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, owner)
    found = place.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, place.read_bytes()) == (mode, owner, b"new")


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_block_that_fails_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """Neither the file nor what was begun beside it."""

    def fail() -> None:
        with replaced(tmp_path / "x") as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    """A folder that is not there, and a folder where the file should be."""
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "no" / "x", tmp_path / "folder"):
        with pytest.raises(UnwritableError) as caught, replaced(target) as file:
            file.write(b"x")
        assert caught.value.name == str(target)
        assert caught.value.detail
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_a_full_disk_is_told() -> None:
    """The error of the last flush counts too."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OSError, match="No space left") as caught, full.open("wb", buffering=0) as file:
        file.write(b"x")
    assert UnwritableError("x", caught.value).detail == "no space left on device"


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    """A pipe stays a pipe; replacing it would leave its reader waiting, and /dev/null a file for everybody."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    with named(pipe) as file:
        file.write(b"new")
    reader.join()
    assert found == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_may_be_named_as_output(tmp_path: Path, demo: Path) -> None:
    """By its own name, by a link, or standard output's name; an ordinary file beside it is replaced when complete."""
    log = demo / "refused.log"
    null, link, file = tmp_path / "null", tmp_path / "link", tmp_path / "x"
    try:
        os.mknod(null, stat.S_IFCHR | 0o600, Path(os.devnull).stat().st_rdev)
    except PermissionError:
        pytest.skip("only root makes devices")
    link.symlink_to(null)
    for name in (null, link, Path("/proc/self/fd/1"), file):
        command = [sys.executable, "-m", "tdparse", "-q", "-o", str(name), str(log)]
        run = subprocess.run(command, capture_output=True, cwd=ROOT, check=True)
        assert (b"[refused]" in run.stdout) is (name.name == "1")
    assert stat.S_ISCHR(null.stat().st_mode)
    assert link.is_symlink()
    assert "[refused]" in file.read_text("utf-8")
    assert sorted(tmp_path.iterdir()) == [link, null, file]
