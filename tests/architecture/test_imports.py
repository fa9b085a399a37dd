"""No test finds what another one imported from a file of its own."""

import sys
from pathlib import Path

import pytest

from podium.cli.load import load_all
from tests.imports import imports_forgotten


@pytest.mark.parametrize("content", ["first = 1", "second = 2"])
def test_two_files_of_one_name_are_two_modules_in_two_tests(tmp_path: Path, content: str) -> None:
    assert "of_one_name" not in sys.modules
    file = tmp_path / "of_one_name.py"
    file.write_text(content)
    load_all(file)
    assert vars(sys.modules["of_one_name"]).keys() & {"first", "second"} == {content.partition(" ")[0]}
    assert str(tmp_path) in sys.path


def test_what_is_forgotten_is_told_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    path = [*sys.path]
    with imports_forgotten(tmp_path / "sub"):
        for file in (tmp_path / "of_the_folder.py", tmp_path / "sub" / "of_the_sub_folder.py"):
            file.write_text("")
            load_all(file)
    assert {"of_the_folder", "of_the_sub_folder"} & sys.modules.keys() == {"of_the_folder"}
    assert sys.path == path
