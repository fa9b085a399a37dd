"""One-time links: a person opens one, and answers one question."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.duration import FINITE, Seconds, hold_seconds
from podium.model.expected import NAME, TEXT, Expected, check_fields, or_none

if TYPE_CHECKING:
    from podium.model import working_hours
else:
    working_hours = lazy.module("podium.model.working_hours")

_UTC = "UTC"
AUDIENCE = "podium.link"
"""What tokens of links are for: one that lets an agent act is none of a link, though it has the same key."""


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://")) and not set(value) & set(" ?#")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """`[podium.links]`: where the links lead that people answer with, how they are signed, and for how long."""

    url: str | None = None
    """The address under which people reach the server, such as `https://podium.example.org`; else that of the server's
    settings, else where `podium serve` listens."""
    key: str | None = None
    """The secret that signs links, as a reference (`env:NAME`); without one the store keeps one of its own."""
    within: Seconds = Seconds(604_800.0)
    """Seconds that a link can be used, where it is not said."""
    zone: str = "UTC"
    """The time zone in which people are told times who have none of their own, such as `Europe/Zurich`."""

    def __post_init__(self) -> None:
        hold_seconds(self, FINITE, "within")
        check_fields(self, {"url": or_none(LINKED_FROM), "key": or_none(TEXT), "zone": NAME})
        if self.zone != _UTC:
            _ = self.time_zone
        if self.url is not None:
            object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def time_zone(self) -> tzinfo:
        """The time zone of `zone`."""
        return UTC if self.zone == _UTC else working_hours.time_zone(self.zone)


LINKED_FROM = Expected("the address of the server, such as https://podium.example.org", _is_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLink:
    """What a link says: which question it is for, who answers with it, and until when."""

    id: str
    question: str
    person: str
    expires: float
    """In seconds since 1970."""
