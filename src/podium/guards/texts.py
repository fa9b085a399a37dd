"""The texts in a JSON value."""

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from podium.in_threads import in_thread
from podium.model.json import Json, is_array, is_object

LONGEST = 1_000_000
"""Characters of one text that guards look through; a longer one they object to."""


ON_THE_LOOP = 8_192
"""Characters that are looked through at once; a thread looks through more, while other runs go on."""

T = TypeVar("T")


def looked_through(value: Json, look: Callable[[], T]) -> T | Awaitable[T]:
    """Return what comes of looking through a value, or what gives it once a thread has looked, of a long one."""
    return look() if sum(map(len, texts(value))) <= ON_THE_LOOP else in_thread(look)


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


def changed(value: Json, change: Callable[[str, str], str], under: str = "") -> Json:
    """Return a value with all its texts changed, keys too; `change` is given a text, and the key that it is under."""
    if isinstance(value, str):
        return change(value, under)
    if is_array(value):
        return [changed(each, change, under) for each in value]
    if is_object(value):
        return {change(key, ""): changed(each, change, key) for key, each in value.items()}
    return value


def too_long(value: Json) -> str | None:
    """Say that a text is longer than is looked through, if one is."""
    longest = max(map(len, texts(value)), default=0)
    return None if longest <= LONGEST else f"a text has {longest} characters, of which {LONGEST} can be looked through"
