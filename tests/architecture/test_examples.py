"""What the quick tests try a part of is tried whole by the long ones."""

import re
from pathlib import Path

import pytest

from tests import examples
from tests.examples import some

TESTS = Path(__file__).parents[1]
PART = re.compile(r"^from tests\.examples import .*\b(?:some|LONG)\b", re.MULTILINE)


def test_whatever_tries_a_part_is_marked_so_that_the_long_tests_have_it_again() -> None:
    every = [file for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    files = [file for file in every if PART.search(file.read_text("utf-8"))]
    assert len(files) > 5
    assert [str(file) for file in files if "@pytest.mark.more\n" not in file.read_text("utf-8")] == []


@pytest.mark.parametrize("many", [0, 1, 2, 3, 10])
def test_a_part_is_never_nothing_and_begins_anywhere(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "LONG", False)
    tried = [some(range(many)) for _ in range(100)]
    assert all(len(each) in (many // 3, -(-many // 3)) and bool(each) == bool(many) for each in tried)
    assert {n for each in tried for n in each} == {*range(many)}


def test_the_long_tests_try_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "LONG", True)
    assert [*some(range(10))] == [*range(10)]
