"""Empty containers, as defaults of fields that are made often."""

from collections.abc import Callable
from typing import TypeVar, cast, get_origin

T = TypeVar("T")


def empty(kind: type[T]) -> Callable[[], T]:
    """Return what makes an empty container of a kind, for `default_factory`: `empty(list[int])`.

    To call `list[int]` itself takes ten times as long as to call `list`: Python tries to note the type on what it made.
    """
    return cast("Callable[[], T]", get_origin(kind))
