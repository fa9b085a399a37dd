"""The texts in a JSON value."""

from collections.abc import Callable, Iterator

from podium.model.json import Json, is_array, is_object

LONGEST = 1_000_000
"""Characters of one text that guards look through; a longer one they object to."""


def texts(value: Json, *, keys: bool = True) -> Iterator[str]:
    """Give all texts of a value, those that are keys too unless told otherwise."""
    if isinstance(value, str):
        yield value
    elif is_array(value):
        for each in value:
            yield from texts(each, keys=keys)
    elif is_object(value):
        for key, each in value.items():
            if keys:
                yield key
            yield from texts(each, keys=keys)


def changed(value: Json, change: Callable[[str], str]) -> Json:
    """Return a value with all its texts changed, keys too."""
    if isinstance(value, str):
        return change(value)
    if is_array(value):
        return [changed(each, change) for each in value]
    if is_object(value):
        return {change(key): changed(each, change) for key, each in value.items()}
    return value


def too_long(value: Json) -> str | None:
    """Say that a text is longer than is looked through, if one is."""
    longest = max(map(len, texts(value)), default=0)
    return None if longest <= LONGEST else f"a text has {longest} characters, of which {LONGEST} can be looked through"
