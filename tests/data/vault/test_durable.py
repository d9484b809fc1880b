import os
import time
from pathlib import Path

import pytest

from vivavoce.data.vault.durable import locked, make_folder, sweep, take_lock, write_durably


def test_a_file_is_replaced_never_written_over(tmp_path: Path) -> None:
    path, old = tmp_path / "file", tmp_path / "old"
    assert write_durably(path, b"old")
    old.hardlink_to(path)
    assert write_durably(path, b"new")
    assert (path.read_bytes(), old.read_bytes()) == (b"new", b"old")
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_replacing_the_first_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert write_durably(path, b"first", replace=False)
    assert not write_durably(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(failing, full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_their_owners(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]


def test_only_abandoned_files_are_swept(tmp_path: Path) -> None:
    for name in (".old.tmp", ".young.tmp", "file", "file.tmp"):
        (tmp_path / name).touch()
    for name in (".old.tmp", "file", "file.tmp"):
        os.utime(tmp_path / name, (time.time() - 100,) * 2)
    sweep(tmp_path, older_s=50)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".young.tmp", "file", "file.tmp"]


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert take_lock(tmp_path / "lock", wait=False) is None
    handle = take_lock(tmp_path / "lock", wait=False)
    assert handle is not None
    os.close(handle)
