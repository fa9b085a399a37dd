"""By what all lists can be filtered, and how a page of them is asked for."""

from collections.abc import Mapping
from typing import TypedDict, get_args

from podium.model.cost import Dimension
from podium.model.expected import FLAG, MOMENT, TEXT, WHOLE, WITHOUT_NUL, Expected, check_options, one_of, or_none
from podium.model.failure_cause import FailureCause
from podium.model.run import RunState


class Filters(TypedDict, total=False):
    """Conditions that mean the same in every list: None does not count, all others have to hold."""

    tenant: str | None
    principal: str | None
    since: float | None
    """Not what is older; seconds since 1970."""
    until: float | None
    """Only what is older."""
    tag: str | None
    """Only what belongs to runs of this tag."""
    text: str | None
    """Only where this text, of at most 5,000 characters, stands."""
    limit: int
    """At most so many on a page; 100 where nothing is said."""
    cursor: str | None
    """Where the page begins: the `cursor` of the page before."""


_LONGEST = 5_000
"""Characters of a text that is looked for; the patterns of SQLite have room for them whatever they are."""
SEARCHED = Expected(
    f"{WITHOUT_NUL.words}, of at most {_LONGEST:,} characters",
    lambda value: WITHOUT_NUL.fits(value) and len(str(value)) <= _LONGEST,
)
"""What is looked for in a list."""
_TEXTS = (
    "tenant", "principal", "tag", "cursor", "workflow", "parent", "prefix", "agent", "run", "to", "assignee",
    "conversation",
)  # fmt: skip
EXPECTED: Mapping[str, Expected] = {
    **dict.fromkeys(_TEXTS, or_none(TEXT)), "text": or_none(SEARCHED),
    "since": or_none(MOMENT), "until": or_none(MOMENT), "limit": WHOLE,
    "state": or_none(one_of(tuple(RunState))), "kind": or_none(one_of(tuple(FailureCause))),
    "by": one_of(get_args(Dimension)), "discarded": FLAG,
}  # fmt: skip
"""What each condition is to be, whatever is listed."""


def check_filters(whose: str, given: Mapping[str, object], known: type[Filters], **more: Expected) -> None:
    """Raise UsageError for a condition that a list does not have, or that is not what it is to be."""
    names = (*known.__annotations__, *Filters.__annotations__)
    check_options(whose, given, {name: more.get(name) or EXPECTED[name] for name in dict.fromkeys((*names, *more))})
