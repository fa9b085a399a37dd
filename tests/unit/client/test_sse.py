"""Server-sent events come out as they were written, however they are cut on the way."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.client.sse import SseDecoder, SseFrame

LINE = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12)
IDS = st.none() | st.integers(0, 2**53).map(str)
Frame: TypeAlias = tuple[str | None, str, Sequence[str] | None]
FRAMES: st.SearchStrategy[list[Frame]] = st.lists(
    st.tuples(IDS, LINE, st.none() | st.lists(LINE, min_size=1, max_size=3))
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def written(id: str | None, event: str, data: Sequence[str] | None, end: str) -> str:
    lines = [] if id is None else [f"id: {id}"]
    lines += [f"event: {event}"] if event else []
    lines += [f"data: {line}" for line in data or ()]
    return end.join([*(lines or [": alive"]), "", ""])


def decoded(*chunks: bytes) -> list[SseFrame]:
    decoder = SseDecoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)]


@given(frames=FRAMES, end=ENDS, cuts=st.lists(st.integers(0, 400)), mark=st.sampled_from(["", "\ufeff"]))
def test_frames_come_out_as_they_were_written(frames: list[Frame], end: str, cuts: list[int], mark: str) -> None:
    text = (mark + "".join(written(*each, end) for each in frames) + ": the end").encode()
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    chunks = [text[begin:stop] for begin, stop in pairwise(places)]
    assert decoded(*chunks) == [
        SseFrame(number, event, None if data is None else "\n".join(data).encode()) for number, event, data in frames
    ]


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        (b"retry: 2000\n\n", []),
        (b"\n\n\n", []),
        (b"data\n\n", [SseFrame(None, "", b"")]),
        (b"data:x\ndata: y\n\n", [SseFrame(None, "", b"x\ny")]),
        (b"data:  x\n\n", [SseFrame(None, "", b" x")]),
        (b"id: a\0b\ndata: x\n\n", [SseFrame(None, "", b"x")]),
        (b"id: 7\nother: x\n\n", [SseFrame("7", "", None)]),
        (b": alive\n\n", [SseFrame(None, "", None)]),
        ("data: a\u2028b\x0bc\n\n".encode(), [SseFrame(None, "", "a\u2028b\x0bc".encode())]),
        (b"id: 8\ndata: the rest is mis", []),
    ],
)
def test_lines_are_read_as_the_standard_says(text: bytes, frames: list[SseFrame]) -> None:
    assert decoded(text) == frames
    assert decoded(*(bytes([each]) for each in text)) == frames
