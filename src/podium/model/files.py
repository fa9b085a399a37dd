"""Pictures and other files among what is said, in the form of each framework."""

from collections.abc import Mapping
from typing import TypeGuard

from podium.model.json import Json, is_array, is_object

FILE = "[a file]"
"""Stands in place of a file where only text is sent, or read."""

_KINDS = frozenset({"binary", "image-url", "audio-url", "video-url", "document-url", "uploaded-file"})
"""How Pydantic AI names them, as `kind`."""
_TYPES = frozenset({
    "input_image", "input_file", "input_audio", "image_url", "image", "audio", "video", "file", "document", "media",
    "computer_screenshot",
})  # fmt: skip
"""How OpenAI, Anthropic, Google and LangChain name them, as `type`."""
_HOLDING = frozenset({
    "image_url", "file_data", "file_id", "file_url", "file_uri", "input_audio", "base64", "data", "url", "source",
    "file", "audio", "image",
})  # fmt: skip
"""Fields that hold a file, or say where it is."""
_BESIDE = frozenset({
    "type", "id", "detail", "filename", "name", "mime_type", "media_type", "source_type", "index", "extras", "metadata",
    "cache_control", "citations", "context", "title", "format",
})  # fmt: skip
"""Fields that may stand beside these. What has others is an object of somebody's own that looks like a file."""


def is_file(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether JSON is a file, or says where one is, as a framework has it in a prompt or in the result of a tool."""
    if not is_object(value):
        return False
    if value.get("kind") in _KINDS:
        return True
    names = value.keys()
    return value.get("type") in _TYPES and bool(names & _HOLDING) and names <= _HOLDING | _BESIDE


def files_in(value: Json) -> int:
    """Return how many files there are in JSON, at any depth."""
    if is_file(value):
        return 1
    inside = value if is_array(value) else value.values() if is_object(value) else ()
    return sum(map(files_in, inside))


def without_files(value: Json) -> Json:
    """Return JSON with words in place of each file."""
    if is_file(value):
        return FILE
    if is_array(value):
        return [without_files(each) for each in value]
    return {name: without_files(each) for name, each in value.items()} if is_object(value) else value
