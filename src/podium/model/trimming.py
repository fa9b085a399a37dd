"""Results of tools of which only the beginning is sent."""

from collections.abc import Mapping

from podium.model.files import files_in
from podium.model.json import Json
from podium.model.parts_said import text_of


def is_result(part: Mapping[str, Json]) -> bool:
    """Whether a part of a message is the result of a tool."""
    return part["part_kind"] == "tool-return"


def trimmed(content: Json, characters: int) -> Json:
    """Return the beginning of a result, and how long it was; the result itself where that is no shorter.

    Files in it are left out.
    """
    whole = text_of(content)
    short = f"{whole[:characters]}… [{len(whole):,} characters, trimmed]"
    if len(short) < len(whole):
        return short
    return whole if files_in(content) else content


def trimmed_message(message: Mapping[str, Json], characters: int) -> Json:
    """Return a message with its results trimmed; the message itself where it has none."""
    if not any(map(is_result, message["parts"])):
        return message
    parts = [{**each, "content": trimmed(each["content"], characters)} if is_result(each) else each
             for each in message["parts"]]  # fmt: skip
    return {**message, "parts": parts}
