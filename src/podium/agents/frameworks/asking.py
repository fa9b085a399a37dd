"""Whether the code that runs is a request to a model already, whichever framework makes it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_asking: ContextVar[bool] = ContextVar("podium_asking", default=False)


def is_asking() -> bool:
    """Whether a request to a model is under way here: what it asks other models is a part of it."""
    return _asking.get()


@contextmanager
def asking() -> Generator[None]:
    """Mark what is inside as one request, whatever other models its model asks."""
    token = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(token)
