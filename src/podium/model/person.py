"""People: their names, shown as they were written and compared as what they stand for, and what is known of them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.expected import COUNT, NAME, TEXT, Expected, are_names, check_fields, or_none

if TYPE_CHECKING:
    from podium.model import working_hours
else:
    working_hours = lazy.module("podium.model.working_hours")

_UNSEEN = {"Cf", "Cc"}


def folded(name: str) -> str:
    """Return a name as it is compared: `Zoë`, `ZOE` with a combining diaeresis and ` zoë ` are one person.

    By Unicode's compatibility composition (NFKC), with cases folded; what is not seen, and spaces around, are left out.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(each for each in plain if unicodedata.category(each) not in _UNSEEN).split())


def is_same(name: str, other: str) -> bool:
    """Whether two names stand for the same person or role."""
    return name == other or folded(name) == folded(other)


_NAMES = Expected(
    'names, such as ("editors", "lawyers")', lambda value: are_names(value) and all(map(NAME.fits, value))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who answers questions, a person or an agent: under which names, when, and how many at once."""

    groups: Sequence[str] = ()
    """The groups and roles that they belong to: a question put to one of these may be theirs."""
    skills: Sequence[str] = ()
    """What they can do; a question may be put to a skill too."""
    hours: str = ""
    """When they work, such as `mon-fri 09:00-17:00`; empty is at any time."""
    zone: str | None = None
    """The time zone of their hours, and of the times that they are told, such as `Europe/Zurich`.

    Without one their hours are those of UTC, and they are told times in that of `[podium.links]`.
    """
    capacity: int | None = None
    """How many open questions they are given at once; None is any number."""
    substitutes: Sequence[str] = ()
    """Who is asked while they cannot answer, the first one first."""
    agent: str | None = None
    """The name of the agent that answers in this one's place; None for a person."""
    tenant: str = "default"
    """Whose questions they answer."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            {
                "groups": _NAMES, "skills": _NAMES, "hours": TEXT, "zone": or_none(NAME), "capacity": or_none(COUNT),
                "substitutes": _NAMES, "tenant": NAME, "agent": or_none(NAME),
            },
        )  # fmt: skip
        for name in ("groups", "skills", "substitutes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _ = self.working

    @property
    def working(self) -> "working_hours.WorkingHours":
        """Their hours."""
        return working_hours.working_hours(self.hours, self.zone or "UTC")

    def takes(self, to: str) -> bool:
        """Whether a question that is put to a group or skill may be theirs."""
        return any(is_same(to, each) for each in (*self.groups, *self.skills))
