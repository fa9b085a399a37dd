"""The texts of a message of a conversation, as people read and look for them."""

import re
from collections.abc import Iterator

from podium.model.files import is_file
from podium.model.json import Json, is_array, is_object

_AROUND = 60
"""So many characters before and after what was found are shown."""


def texts_in(message: Json) -> Iterator[str]:
    """Give what was said in a message: texts, and what tools gave; not what files hold, nor arguments of tools."""
    for part in message["parts"]:
        content = part.get("content")
        if part["part_kind"] == "tool-return":
            yield from _leaves(content)
        else:
            for each in content if is_array(content) else [content]:
                yield from _leaves(each.get("content") if is_object(each) else each)


def excerpt(message: Json, text: str) -> str:
    """Return what stands around the first place where a text is found in a message, in either case of ASCII letters.

    Where it is not, as it is part of a number, the beginning of what was said.
    """
    wanted, first = re.compile(re.escape(text), re.IGNORECASE | re.ASCII), ""
    for each in texts_in(message):
        found = wanted.search(each)
        if found is not None:
            begin, end = max(0, found.start() - _AROUND), found.end() + _AROUND
            return ("…" if begin else "") + each[begin:end] + ("…" if end < len(each) else "")
        first = first or each
    return first[: 2 * _AROUND]


def _leaves(value: Json) -> Iterator[str]:
    """Give all texts and numbers of a value that are in no file."""
    if is_file(value):
        return
    if is_object(value):
        for each in value.values():
            yield from _leaves(each)
    elif is_array(value):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield value if isinstance(value, str) else str(value)
