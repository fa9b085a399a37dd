"""A picture or another file is known as one in the form of each framework, wherever it is counted, kept or read."""

import json
from collections.abc import Mapping

import pytest

from podium.agents.context import estimated_tokens
from podium.agents.context.counting import tokens_of
from podium.agents.context.piece import Piece
from podium.model.conversation_text import texts_in
from podium.model.files import FILE, files_in, is_file, without_files
from podium.model.json import Json
from podium.model.parts_said import kept_messages, parts_said, text_of
from podium.model.trimming import trimmed
from podium.reports.transcript import message_text

DATA = "aGVsbG8" * 1_000
URL = f"data:image/png;base64,{DATA}"
FILES: Mapping[str, Json] = {
    "Pydantic AI, bytes": {"kind": "binary", "media_type": "image/png", "data": DATA, "identifier": "x"},
    "Pydantic AI, picture": {"kind": "image-url", "url": URL, "media_type": "image/png", "identifier": "x"},
    "Pydantic AI, sound": {"kind": "audio-url", "url": URL},
    "Pydantic AI, film": {"kind": "video-url", "url": URL},
    "Pydantic AI, text": {"kind": "document-url", "url": URL},
    "Pydantic AI, kept there": {"kind": "uploaded-file", "file_id": DATA, "provider_name": "openai"},
    "Responses, picture": {"type": "input_image", "image_url": URL, "detail": "auto"},
    "Responses, file": {"type": "input_file", "file_data": DATA, "filename": "a.pdf"},
    "Responses, kept there": {"type": "input_file", "file_id": DATA},
    "Completions, picture": {"type": "image_url", "image_url": {"url": URL}},
    "Completions, sound": {"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}},
    "Completions, file": {"type": "file", "file": {"file_data": DATA, "filename": "a.pdf"}},
    "Anthropic, picture": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
    "Anthropic, text": {"type": "document", "source": {"type": "url", "url": URL}, "title": "a"},
    "Google": {"type": "media", "mime_type": "image/png", "data": DATA},
    "LangChain, picture": {"type": "image", "base64": DATA, "mime_type": "image/png", "id": "lc_1"},
    "LangChain, picture elsewhere": {"type": "image", "url": URL},
    "LangChain, sound": {"type": "audio", "base64": DATA, "mime_type": "audio/wav"},
    "LangChain, film": {"type": "video", "url": URL},
    "LangChain 0.3": {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/png"},
}
OWN: Mapping[str, Json] = {
    "a folder": {"type": "file", "name": "a.txt", "size": 3},
    "a link": {"type": "image", "url": "http://x", "price": 3},
    "a kind": {"kind": "bird", "data": "x"},
    "a text": {"type": "text", "text": "x"},
    "nothing": {"type": "image"},
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_file_is_known_wherever_it_stands(file: Json) -> None:
    for content, words in [
        (file, FILE),
        ([file], FILE),
        (["look", file], f"look\n{FILE}"),
        ([{"type": "text", "text": "look"}, file, file], f"look\n{FILE}\n{FILE}"),
        ({"shot": file, "n": 1}, json.dumps({"shot": FILE, "n": 1})),
    ]:
        assert text_of(content) == words
        assert files_in(content) == words.count(FILE)
        assert DATA not in json.dumps(without_files(content))
        assert trimmed(content, 200) == words
        use: Json = {"part_kind": "tool-call", "tool_name": "shot", "args": {}, "tool_call_id": "c"}
        result: Json = {"part_kind": "tool-return", "tool_name": "shot", "content": content, "tool_call_id": "c"}
        prompt: Json = {"part_kind": "user-prompt", "content": content}
        messages: list[Json] = [{"kind": "response", "parts": [use]}, {"kind": "request", "parts": [result]}]
        if isinstance(content, list):
            messages.append({"kind": "request", "parts": [prompt]})
        assert DATA not in json.dumps(kept_messages(messages))
        assert [each["content"] for each in parts_said(messages) if "content" in each] == [words] * (len(messages) - 1)
        for message in messages:
            assert DATA not in str(list(texts_in(message)))
            assert DATA not in message_text(message)
        piece = Piece(at=0, kind="request", parts=[result])
        assert 1_500 <= tokens_of([piece], estimated_tokens) - 1_500 * (words.count(FILE) - 1) < 1_530


@pytest.mark.parametrize("value", OWN.values(), ids=OWN)
def test_what_looks_like_one_stays(value: Json) -> None:
    assert not is_file(value)
    assert files_in([value]) == 0
    assert without_files([value]) == [value]


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, ["x", 1], {"a": [1, {"b": None}]}])
def test_other_json_stays(value: Json) -> None:
    assert files_in(value) == 0
    assert without_files(value) == value
    assert text_of(value) == ("x" if value == "x" else "" if value == [] else json.dumps(value))
