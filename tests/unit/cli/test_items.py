"""The items of a pile: their names stay their own."""

from pathlib import Path

import pytest

from podium import Context, workflow
from podium.cli.items import item_digest, read_items
from podium.errors import UsageError
from podium.model.json import Json


@workflow
async def pile(ctx: Context, item: dict[str, int]) -> int:
    return item["n"]


def tags(path: Path, text: str, batch: str | None = None) -> list[str]:
    file = path / "items.jsonl"
    file.write_text(text, encoding="utf-8")
    return [item.tag for item in read_items(file, pile, batch)]


def test_equal_lines_are_different_items(tmp_path: Path) -> None:
    first, second = tags(tmp_path, '{"n": 1}\n{"n": 1}\n')
    assert first != second


def test_an_item_keeps_its_name_in_another_place_and_spelling(tmp_path: Path) -> None:
    before = tags(tmp_path, '{"n": 1, "m": 2}\n{"n": 2}\n')
    after = tags(tmp_path, '\n{"n":2}\n\n{"m":2,   "n":1}')
    assert after == [before[1], before[0]]


def test_another_batch_has_other_names(tmp_path: Path) -> None:
    assert tags(tmp_path, '{"n": 1}', "monday") != tags(tmp_path, '{"n": 1}', "tuesday")


def test_blank_lines_and_a_byte_order_mark_are_no_items_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text('\ufeff{"n": 1}\r\n\r\n{"n": 2}\r\n', encoding="utf-8")
    assert [(item.line, item.value) for item in read_items(file, pile, None)] == [(1, {"n": 1}), (3, {"n": 2})]


def test_a_text_with_a_line_separator_in_it_stays_one_line(tmp_path: Path) -> None:
    @workflow
    async def texts(ctx: Context, text: str) -> str:
        return text

    file = tmp_path / "items.jsonl"
    file.write_text('"one\u2028line"\n', encoding="utf-8")
    assert [item.value for item in read_items(file, texts, None)] == ["one\u2028line"]


def test_only_the_first_wrong_lines_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"items.jsonl:5 does not fit pile.* And 4 more lines. Nothing was started"):
        tags(tmp_path, '{"n": "x"}\n' * 9)


def test_different_values_have_different_digests() -> None:
    values: list[Json] = [None, True, 1, 1.5, "1", [1], {"1": 1}, "", [], {}, [[]], ["a", "b"], ["ab"]]
    assert len({item_digest(value) for value in values}) == len(values)
