"""A file is written whole, or what was there stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.cli.whole_file import write_whole
from podium.errors import UsageError


def _full_disk() -> Iterator[str]:
    yield "new"
    raise OSError(28, "No space left on device")


def test_what_was_there_stays_where_the_rest_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "out"
    write_whole(path, ["old", "lines"], "the export")
    with pytest.raises(UsageError, match=r"the export .*out cannot be written: No space left on device\. It stays\."):
        write_whole(path, _full_disk(), "the export", " It stays.")
    assert path.read_text(encoding="utf-8") == "old\nlines\n"
    assert list(tmp_path.iterdir()) == [path]
