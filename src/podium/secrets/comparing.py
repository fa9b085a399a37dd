"""Whether two things are the same but for what was masked in them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from podium.secrets.masking import MASK, MASKING


def same_but_for_secrets(recorded: Any, now: Any) -> bool:
    """Whether what code asks for now is what is recorded, though other secrets were known when it was recorded.

    `***` in what is recorded stands for any text; what is a secret by now is taken out of both. Both are JSON.
    """
    return recorded == now or _same(MASKING.json(recorded), MASKING.json(now))


def _same(recorded: Any, now: Any) -> bool:
    if isinstance(recorded, str) and isinstance(now, str):
        return recorded == now or (MASK in recorded and _fits(recorded, now))
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        pairs = cast("Mapping[str, Any]", recorded).items(), cast("Mapping[str, Any]", now).items()
        return len(pairs[0]) == len(pairs[1]) and all(
            _same(name, other) and _same(value, new)
            for (name, value), (other, new) in zip(*pairs, strict=True)  # in the order in which they were written
        )
    if isinstance(recorded, list | tuple) and isinstance(now, list | tuple):
        parts = cast("Sequence[Any]", recorded), cast("Sequence[Any]", now)
        return len(parts[0]) == len(parts[1]) and all(map(_same, *parts))
    return recorded == now


def _fits(recorded: str, now: str) -> bool:
    """Whether a text has all that stands around the masks of another one, in that order."""
    first, *middle, last = recorded.split(MASK)
    end = len(now) - len(last)
    if not (now.startswith(first) and now.endswith(last)):
        return False
    at = len(first)
    for part in middle:
        at = now.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return at <= end
