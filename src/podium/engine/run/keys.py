"""How keys lie below one another."""

from collections.abc import Iterator


def belongs(key: str, to: str) -> bool:
    """Whether a key is another one, or below it."""
    return not to or key == to or key.startswith((f"{to}.", f"{to}/"))


def context_of(key: str) -> str:
    """Return the path of the context that gave out a key."""
    return key.rpartition(".")[0]


def above(key: str) -> Iterator[str]:
    """Give the keys above one, the nearest first."""
    over = key.partition("/")[0].rpartition(".")[0]
    while over:
        yield over
        over = over.rpartition(".")[0]
