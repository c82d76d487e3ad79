"""A file gets its final name when it is complete, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdparse.output import UnwritableError, replaced


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
