"""Answers that are kept, to be given again to whoever asks the same, or nearly so."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple, Protocol

from podium.errors import UsageError
from podium.model.duration import FINITE, Seconds, hold_seconds
from podium.model.embedding import EMBEDDER, Embedder, Vector
from podium.model.expected import COUNT, NAME, Expected, check_fields, one_of, or_none
from podium.model.json import Json, is_object

_ENDS = ".,;:?\u3002\uff0c\u3001\uff1b\uff1a\uff1f"
"""What ends a sentence, or a part of one, also in Chinese and Japanese, and is no part of a number before it."""
_SIMILARITY = Expected(
    "a similarity above 0 and at most 1, such as 0.95",
    lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1,
)
_FIELDS: Mapping[str, Expected] = {
    "embed": EMBEDDER, "above": _SIMILARITY, "text": or_none(NAME), "scope": one_of(("tenant", "user")), "most": COUNT,
}  # fmt: skip


class CacheKey(NamedTuple):
    """What was asked of whom; the same question has the same answer. A tuple, since it is looked up often."""

    agent: str
    version: str
    tenant: str
    digest: str
    """SHA-256 of the input, in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a question means: answers to questions that mean nearly the same are found by it."""

    among: str
    """A digest of all that two questions must have in common."""
    vector: Vector


@dataclass(slots=True)
class CacheEntry:
    """An answer, and where it was first given. Not changed after it is made."""

    value: Json
    run: str
    key: str
    usd: float | None = None
    """What it cost then, in US dollars; None where that is not known."""
    similarity: float | None = None
    """How near its question is to the one that is asked, at most 1; None where it is the same."""


class AnswerCache(Protocol):
    """Where answers are kept, for all runs and processes of a store; `KeepAnswer` is how they come there."""

    async def get(self, question: CacheKey, now: float) -> CacheEntry | None:
        """Return the answer to a question, unless it is too old."""
        ...

    async def nearest(self, meaning: Meaning, above: float, now: float) -> CacheEntry | None:
        """Return the answer to the question that is nearest, of those that are at least so near and not too old."""
        ...

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered, with the vectors of what it asked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheByMeaning:
    """Gives a kept answer also to whoever asks in other words: `agent(cache=CacheByMeaning(embed=…))`.

    How alike two texts are does not tell whether they have one answer: measure the wrong hits with questions of yours.
    """

    embed: Embedder
    """Asked for a vector of each question that was not asked before in the same words."""
    ttl: Seconds = Seconds(3_600.0)
    """So long an answer is kept."""
    above: float = 0.91
    """From this similarity on, the cosine of the angle between two vectors, questions count as the same."""
    text: str | None = None
    """The field of the input that is compared by meaning: all others, and all numbers in it, must be equal.

    Numbers are equal that are written alike, with signs, decimals, currencies and units beside them. None: the input
    is a text."""
    scope: Literal["tenant", "user"] = "tenant"
    """Whose questions are compared: all of the tenant, or those on behalf of one user."""
    most: int = 10_000
    """So many answers of the agent are kept for each tenant; then the oldest go."""

    def __post_init__(self) -> None:
        check_fields(self, _FIELDS)
        hold_seconds(self, FINITE, "ttl")

    def check_input(self, agent: str, schema: Json) -> None:
        """Raise UsageError where the input of an agent, by its schema, has no text that could be compared."""
        known = schema if is_object(schema) else {}
        fields = known.get("properties")
        if self.text is None and known.get("type", "string") != "string":
            raise UsageError(
                f"{agent} takes no plain text: say which field its cache compares by meaning, CacheByMeaning(text=…)"
                f"{_one_of_these(fields)}."
            )
        if self.text is not None and known and not (is_object(fields) and self.text in fields):
            raise UsageError(
                f"{agent} takes no {self.text!r}, which its cache compares by meaning{_one_of_these(fields)}."
            )

    def parts(self, input: Json) -> tuple[str, Json] | None:
        """Return the text that is compared by meaning, and what else has to be equal; None where there is no text.

        The numbers in the text are among that: vectors hardly tell 10 miles from 100.
        """
        if self.text is None:
            text, rest = input, None
        elif is_object(input):
            text = input.get(self.text)
            rest = {name: value for name, value in input.items() if name != self.text}
        else:
            return None
        return (text, [_numbers_in(text), rest]) if isinstance(text, str) and text.strip() else None


def _numbers_in(text: str) -> list[str]:
    """Return the numbers in a text, as they are written there, with all symbols and Latin letters that touch them.

    Symbols that stand alone beside a number are given too, such as the minus in `3 - 5`.
    """
    words = ["".join(group).rstrip(_ENDS) for in_word, group in groupby(text, _may_touch_a_number) if in_word]
    near = [False, *(any(map(str.isnumeric, word)) for word in words), False]
    return [
        word for before, numeric, after, word in zip(near, near[1:], near[2:], words, strict=False)
        if word and (numeric or ((before or after) and not any(map(str.isalnum, word))))
    ]  # fmt: skip


def _may_touch_a_number(character: str) -> bool:
    """Whether it is a part of the word around it: other letters stand beside numbers without a space in between."""
    return not character.isspace() and (character.isascii() or not character.isalpha())


def _one_of_these(fields: Json) -> str:
    return f"; expected one of {', '.join(sorted(fields))}" if is_object(fields) and fields else ""
