"""Texts on a page: code and tables stand apart, pictures are shown, and nothing that was written is left out."""

import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.secrets.masking import MASKING
from podium.server.pages.blocks import TextBlock, blocks
from podium.server.pages.shapes import shape

LINES = st.sampled_from(
    ["word", "", "  in", "```", "```py", "````", "~~~", "| a | b |", "a | b", "|---|:-:|", "| c", "|\\||", "``` x ` y"]
)
LETTERS = re.compile(r"[^\s|`~:\\-]")


def test_code_and_tables_stand_apart() -> None:
    text = "Before\n\n| a | b |\n| --- | ---: |\n| 1 \\| 2 | 3 |\n```python\nif x:\n    | y |\n```\nafter"
    assert blocks(text) == [
        TextBlock(text="Before"),
        TextBlock(rows=[["a", "b"], ["1 | 2", "3"]]),
        TextBlock(text="if x:\n    | y |", code=True, title="python"),
        TextBlock(text="after"),
    ]


@pytest.mark.parametrize("text", ["", "plain\n\n text", "```\nnever closed", "| no rule |\n| a |", "~~~\n```", "a | b"])
def test_what_is_neither_is_one_text(text: str) -> None:
    assert shape(text).text == text


@given(st.lists(LINES, max_size=12))
def test_nothing_that_was_written_is_left_out(lines: list[str]) -> None:
    text = "\n".join(lines)
    shown = "".join("".join("".join(row) for row in each.rows) + each.title + each.text for each in blocks(text))
    assert LETTERS.findall(shown) == LETTERS.findall(text)


def _url(kind: str, content: bytes = b"\x89PNG") -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif", "image/webp"])
def test_a_picture_is_shown_as_one(kind: str) -> None:
    assert shape(_url(kind)).image == _url(kind)


@pytest.mark.parametrize(
    "url",
    [
        _url("image/svg+xml"), _url("text/html"), "https://example.org/cat.png", _url("image/png") + '" onerror="',
        f"see {_url('image/png')}", "data:image/png,abc", _url("image/png") + "\n", _url("image/png", b"x" * 3_100_000),
    ],
)  # fmt: skip
def test_what_may_do_more_than_show_points_stays_text(url: str) -> None:
    assert shape(url).image is None
    assert shape(url).text is not None


def test_a_picture_with_a_secret_in_its_address_stays_text() -> None:
    MASKING.learn("aVeryLongSecretInBase64Letters", "a key")
    assert shape("data:image/png;base64,aVeryLongSecretInBase64Letters").image is None
