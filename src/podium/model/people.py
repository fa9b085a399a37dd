"""The people whom questions can be put to, and who of them is to answer one: a decision, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from podium.errors import UsageError
from podium.model.expected import NAME
from podium.model.person import Person, folded, is_same


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleNow:
    """What decides beside hours who can answer, as of one moment; people by their names as they are compared."""

    at: float
    open: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many open questions they have."""
    away: Mapping[str, float] = field(default_factory=dict[str, float])
    """Until when they are away."""

    def without(self, name: str) -> "PeopleNow":
        """Return the same as if one of somebody's open questions were not open: the one that is to be given anew."""
        return replace(self, open={**self.open, name: max(self.open.get(name, 0) - 1, 0)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignee:
    """Who is to answer a question, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class People:
    """All people that an app knows."""

    known: Mapping[str, Person]
    """By name."""

    def __post_init__(self) -> None:
        named: dict[str, str] = {}
        for name in self.known:
            other = named.setdefault(folded(name), name)
            if other != name:
                raise UsageError(f"{name!r} and {other!r} are one name of a person: names are compared without case.")
        for name, person in self.known.items():
            NAME.check("the name of a person", name)
            for each in person.substitutes:
                if folded(each) not in named or self.known[named[folded(each)]].tenant != person.tenant:
                    raise UsageError(
                        f"{each!r} is to stand in for {name!r}, and is nobody of people of tenant {person.tenant!r}. "
                        f"Known: {', '.join(self.known)}."
                    )

    def asked(self, to: str, tenant: str) -> Sequence[str]:
        """Return the names of those whom a question is for, in the order in which they are known."""
        by_name = [name for name, each in self.known.items() if each.tenant == tenant and is_same(name, to)]
        return by_name or [name for name, each in self.known.items() if each.tenant == tenant and each.takes(to)]

    def zone_of(self, who: str, tenant: str) -> tzinfo | None:
        """Return the time zone in which somebody is told times; None where none is known of them."""
        for name, each in self.known.items():
            if each.tenant == tenant and each.zone is not None and is_same(name, who):
                return each.working.zone
        return None

    def covers(self, to: str, who: str, tenant: str) -> bool:
        """Whether a question put to `to` may be given to somebody: to those asked, or to who stands in for them."""
        return any(is_same(who, each) for each in self._with_substitutes(self.asked(to, tenant)))

    def is_agent(self, name: str | None, tenant: str) -> bool:
        """Whether somebody is an agent."""
        return name is not None and any(
            each.agent is not None and each.tenant == tenant and is_same(known, name)
            for known, each in self.known.items()
        )

    def assign(self, to: str, tenant: str, now: PeopleNow, *, agents: bool = True) -> Assignee | None:
        """Return who is to answer a question that is put to a person, a group or a skill; None where it is for nobody.

        Of those asked who can answer now, whoever has the fewest open questions; else the first who stands in for
        them and can; else, of those asked, who is back first. Without `agents`, people alone.
        """
        asked = [name for name in self.asked(to, tenant) if agents or self.known[name].agent is None]
        if not asked:
            return None
        hindered = {name: why for name in asked if (why := self.hindrance(name, now)) is not None}
        free = [name for name in asked if name not in hindered]
        told = "".join(f"; {name} {why}" for name, why in hindered.items())
        if free:
            chosen = min(free, key=lambda name: self._load(name, now))
            return Assignee(name=chosen, why=f"{self._whose(chosen, to, free, now)}{told}")
        for name in self._with_substitutes(asked)[len(asked) :]:
            if (agents or self.known[name].agent is None) and self.hindrance(name, now) is None:
                return Assignee(name=name, why=f"{name} stands in for those asked as {to}{told}")
        first = min(asked, key=lambda name: (self._back(name, now), self._load(name, now)))
        return Assignee(name=first, why=f"nobody asked as {to} can answer now, and {first} can first{told}")

    def hindrance(self, name: str, now: PeopleNow) -> str | None:
        """Return in words why a person cannot be given a question now; None where they can."""
        person, until = self.known[name], now.away.get(folded(name))
        if until is not None and until > now.at:
            return f"is away until {self._moment(name, until)}"
        if not person.working.covers(now.at):
            return f"does not work before {self._moment(name, person.working.next_at(now.at))}"
        load = self._load(name, now)
        if person.capacity is not None and load >= person.capacity:
            return f"has {load} of {person.capacity} questions open"
        return None

    def _whose(self, chosen: str, to: str, free: Sequence[str], now: PeopleNow) -> str:
        if is_same(chosen, to):
            return f"it is put to {chosen}"
        load = self._load(chosen, now)
        if len(free) == 1:
            return f"{chosen} is the only one asked as {to} who can answer now"
        return f"{chosen} has the fewest open questions, {load}, of the {len(free)} asked as {to} who can answer now"

    def _load(self, name: str, now: PeopleNow) -> int:
        return now.open.get(folded(name), 0)

    def _back(self, name: str, now: PeopleNow) -> float:
        """Return when a person works again who may be away."""
        return self.known[name].working.next_at(max(now.at, now.away.get(folded(name), now.at)))

    def _moment(self, name: str, at: float) -> str:
        zone = self.known[name].working.zone
        return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M} {zone}"

    def _with_substitutes(self, asked: Sequence[str]) -> list[str]:
        """Return those asked, then who stands in for them, and for these, each once."""
        found = list(asked)
        for name in found:  # which grows meanwhile
            found.extend(each for each in self._substitutes(name) if each not in found)
        return found

    def _substitutes(self, name: str) -> Iterator[str]:
        for each in self.known[name].substitutes:
            yield from (known for known in self.known if is_same(known, each))
