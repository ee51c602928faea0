import os
import stat
from pathlib import Path

import pytest

from workbench.errors import ExportError
from workbench.store import write_whole


def test_missing_directories_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "model.json"
    write_whole(path, b"data")
    assert path.read_bytes() == b"data"
    assert [entry.name for entry in path.parent.iterdir()] == ["model.json"]


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_failed_write_keeps_the_older_file_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.json"
    write_whole(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        ExportError, match=r"model\.json: No space left on device\. .* 3 bytes free"
    ):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    path = tmp_path / "file" / "model.json"
    with pytest.raises(
        ExportError, match=r"cannot write .*file/model\.json: .* Choose a directory"
    ):
        write_whole(path, b"data")


def test_files_are_as_readable_as_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "model.json", b"data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model.json").stat().st_mode) == 0o640
