"""Answers that are read line by line, however they are cut into chunks, and what becomes of one that breaks off."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from podium.client.api_call import ApiCall, get
from podium.client.exchange import HttpReply, Pause
from podium.client.lines import lines_of
from podium.client.streams import ItemCame, NextChunk
from podium.errors import NotAllowed, ServerError, ServerUnavailable

RETRIES = 2
REQUEST = httpx.Request("GET", "http://podium/api/v1/audit/export")
CUT = httpx.ReadError("cut")
PROBLEM: dict[str, Any] = {
    "type": "x",
    "title": "x",
    "status": 403,
    "detail": "not yours",
    "code": "not-allowed",
    "errors": [],
}


def good(media: str = "application/jsonl") -> httpx.Response:
    return httpx.Response(200, headers={"content-type": media}, request=REQUEST)


def read(kind: type[Any], *replies: HttpReply | bytes) -> tuple[list[Any], Sequence[str]]:
    """Return the lines that come of replies, and what was done for them."""
    running, left = lines_of(get("/audit/export", kind), "application/jsonl").read("http://podium", RETRIES), [*replies]
    lines, done = list[Any](), list[str]()
    reply: HttpReply | bytes | None = None
    while True:
        try:
            effect = running.send(reply)
        except StopIteration:
            assert left == []
            return lines, done
        done.append(type(effect).__name__)
        match effect:
            case ApiCall() | NextChunk():
                reply = left.pop(0)
            case ItemCame():
                lines.append(effect.item)
            case Pause():
                reply = None


@pytest.mark.parametrize("size", range(1, 20))
def test_lines_are_the_same_however_they_are_cut(size: int) -> None:
    content = '{"n": 1}\n{"n": 2, "é": "☕"}\n{"n": 3}'.encode()
    chunks = [content[place : place + size] for place in range(0, len(content), size)]
    lines, _ = read(dict[str, Any], good(), *chunks, b"")
    assert lines == [{"n": 1}, {"n": 2, "é": "☕"}, {"n": 3}]
    texts, _ = read(str, good(), *chunks, b"")
    assert texts == content.decode().split("\n")


def test_a_line_is_handed_on_before_more_is_waited_for() -> None:
    _, done = read(str, good(), b"a\nb\nc", b"\n", b"")
    assert done == [
        "ApiCall", "NextChunk", "ItemCame", "ItemCame", "NextChunk", "ItemCame", "NextChunk",
    ]  # fmt: skip


def test_an_empty_answer_has_no_lines_and_an_empty_line_is_one() -> None:
    assert read(str, good(), b"") == ([], ["ApiCall", "NextChunk"])
    assert read(str, good(), b"a\n\n", b"\n", b"")[0] == ["a", "", ""]


def test_what_is_no_text_is_shown_as_such() -> None:
    assert read(str, good(), b"a\xff\n", b"")[0] == ["a\ufffd"]


def test_the_type_of_its_lines_is_asked_for() -> None:
    assert lines_of(get("/audit/export", str), "application/jsonl").call.headers == {"accept": "application/jsonl"}


def test_it_is_asked_for_again_until_it_begins_and_not_amid_it() -> None:
    lines, done = read(str, CUT, httpx.Response(503, request=REQUEST), good(), b"a\n", b"")
    assert (lines, done.count("Pause")) == (["a"], RETRIES)
    with pytest.raises(ServerUnavailable):
        read(str, CUT, CUT, CUT)
    with pytest.raises(ServerUnavailable, match="cut"):
        read(str, good(), b"a\n", CUT)


def test_what_is_no_such_answer_is_an_error() -> None:
    with pytest.raises(NotAllowed, match="not yours"):
        read(str, httpx.Response(403, json=PROBLEM, request=REQUEST))
    with pytest.raises(ServerError, match="the type of what it sends is 'text/html', not application/jsonl"):
        read(str, good("text/html"))
    with pytest.raises(ServerError, match="something else than this client expects"):
        read(dict[str, Any], good(), b"no JSON\n")
