"""What a rule did to a request to a model, so that it fits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from podium.model.expected import Expected, is_list
from podium.model.json import Json, is_array, is_object

ContextChangeKind = Literal["left_out", "trimmed", "summarized"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextChange:
    """What one rule did to the messages of one request."""

    rule: str
    """As it is written: `LastMessages(20)`."""
    kind: ContextChangeKind
    """`left_out`: not sent; `trimmed`: sent with shorter results of tools; `summarized`: a summary is sent instead."""
    messages: int
    """How many messages it is about."""
    places: tuple[tuple[int, int], ...]
    """Where: the first, from 0 among all messages without any rule, and how many from there on.

    Those that are trimmed are all messages there that have long results of tools.
    """
    tokens: int
    """How many tokens less are sent, as the rule counts them."""
    characters: int = 0
    """How many characters are sent of each result that is trimmed."""

    def as_json(self) -> Json:
        """Return it as it is recorded."""
        told = {"rule": self.rule, "kind": self.kind, "messages": self.messages, "tokens": self.tokens}
        told |= {"places": [list(each) for each in self.places]}
        return {**told, "characters": self.characters} if self.kind == "trimmed" else told


def context_change(told: Mapping[str, Json]) -> ContextChange:
    """Return what was recorded."""
    places = tuple((first, count) for first, count in told["places"])
    return ContextChange(
        rule=told["rule"], kind=told["kind"], messages=told["messages"], places=places, tokens=told["tokens"],
        characters=told.get("characters", 0),
    )  # fmt: skip


def spans(places: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return places as the first of those that follow each other, and how many these are."""
    found: list[list[int]] = []
    for place in sorted(set(places)):
        if found and place == sum(found[-1]):
            found[-1][1] += 1
        else:
            found.append([place, 1])
    return tuple((first, count) for first, count in found)


_PAIR = 2
_PLACES = Expected(
    "[[first, count], …]",
    lambda value: is_array(value) and all(_is_span(each) for each in value),
)
CONTEXT_CHANGES = Expected(
    'a list of {"rule": …, "kind": …, "messages": …, "places": [[first, count], …], "tokens": …}',
    lambda value: is_array(value) and all(_is_change(each) for each in value),
)


def _is_span(value: object) -> bool:
    return is_list(value) and len(value) == _PAIR and all(isinstance(each, int) and each >= 0 for each in value)


def _is_change(value: object) -> bool:
    return (
        is_object(value)
        and isinstance(value.get("rule"), str)
        and value.get("kind") in get_args(ContextChangeKind)
        and all(isinstance(value.get(each, 0), int) for each in ("characters", "messages", "tokens"))
        and {"messages", "tokens"} <= value.keys()
        and _PLACES.fits(value.get("places"))
    )


def changes_of(request: Mapping[str, Json]) -> tuple[ContextChange, ...]:
    """Return what rules did to a request that was recorded."""
    return tuple(context_change(each) for each in request.get("context", ()))
