"""Runs teams over all messages, each by a staff that has not learnt from it, and counts from the journal."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from examples.which_pattern.messages import FOLDS, Message, split
from examples.which_pattern.staff import OFFERS, Staff
from examples.which_pattern.teams import Team
from examples.which_pattern.trained import Guess
from podium import App
from podium.errors import RunFailed
from podium.model.fact import Fact, FactKind
from podium.patterns import Ballot, Chosen, Debated, Tiered
from podium.testing import CountingIds, DrivenClock

Parts: TypeAlias = Mapping[int, tuple[list[Message], list[Message]]]
LONGEST = 600.0
"""Seconds of the driven clock in which every run has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a team made of a message: the page (None where its run failed), whom it called, and what that took."""

    message: Message
    page: str | None
    called: tuple[str, ...]
    seconds: float
    facts: int

    @property
    def right(self) -> bool:
        return self.page == self.message.page

    @property
    def usd(self) -> float:
        """What was paid: a call that was begun is paid for, also where it was cut off."""
        return sum(OFFERS[name].usd for name in self.called)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a team made of all messages, in their order, and what the engine itself used of the processor."""

    team: Team
    done: list[Done]
    agents: int
    """How many agents it has."""
    engine_seconds: float

    @property
    def right(self) -> int:
        return sum(each.right for each in self.done)


async def compare(teams: Sequence[Team], known: Sequence[Message]) -> list[Result]:
    """Measure teams on messages: on each fold with a staff that learnt from the others."""
    clock = DrivenClock(start=0.0, moment=0.0)
    parts = {fold: split(known, fold) for fold in range(FOLDS)}
    staffs = {fold: Staff(learnt, clock) for fold, (learnt, _) in parts.items()}
    return [await _measured(team, parts, staffs, clock) for team in teams]


async def _measured(team: Team, parts: Parts, staffs: Mapping[int, Staff], clock: DrivenClock) -> Result:
    done: list[Done] = []
    engine_seconds = 0.0
    for fold, (_, asked) in parts.items():
        more, seconds = await _worked(team, staffs[fold], asked, clock)
        done += more
        engine_seconds += seconds
    done.sort(key=lambda each: each.message.number)
    agents = {each.card.name for each in team.build(staffs[0]).agents()}
    return Result(team=team, done=done, agents=len(agents), engine_seconds=engine_seconds)


async def _worked(
    team: Team, staff: Staff, asked: Iterable[Message], clock: DrivenClock
) -> tuple[list[Done], float]:  # fmt: skip
    """Return what a team made of messages, all of them at once, and the processor's seconds beside the agents' own."""
    workflow = team.build(staff)
    async with App.open(":memory:", agents=[workflow], clock=clock, ids=CountingIds()) as app:
        begun, working = time.process_time(), staff.processor_seconds
        handles = [(message, await app.start(workflow, message.text)) for message in asked]
        await clock.advance(LONGEST)
        used = time.process_time() - begun - (staff.processor_seconds - working)
        done: list[Done] = []
        for message, handle in handles:
            try:
                page = page_of(await handle.result())
            except RunFailed:
                page = None
            done.append(_counted(message, page, await app.runs.facts(handle.id)))
    return done, used


def page_of(value: Any) -> str:
    """Return the page that a team's value names."""
    match value:
        case Guess():
            return value.page
        case Ballot() | Debated():
            return page_of(cast("Any", value).decision)
        case Tiered() | Chosen():
            return page_of(cast("Any", value).value)
        case _:
            assert isinstance(value, str)
            return value


def _counted(message: Message, page: str | None, facts: Sequence[Fact]) -> Done:
    called = tuple(_called(facts))
    return Done(message=message, page=page, called=called, seconds=facts[-1].at - facts[0].at, facts=len(facts))


def _called(facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        if fact.kind is FactKind.ASKED:
            yield fact.body["agent"]
