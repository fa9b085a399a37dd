"""What becomes of a team when a member does not do what it should: every role of every pattern, in every way."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from podium import App, Retry, agent
from podium.errors import GateClosed, Refusal, RunError
from podium.facade.handle import RunHandle
from podium.model.acceptance import NOT_ACCEPTED
from podium.model.agent import AnyAgent
from podium.model.facts.calls import AttemptFailed
from podium.model.json import Json
from podium.model.policy import PolicySettings
from podium.patterns import sequence
from podium.patterns.building.inputs import plain
from podium.testing import DrivenClock
from tests.catalogue.roles import ROLES
from tests.catalogue.roles.in_place import IN_PLACE
from tests.catalogue.roles.role import PROBE, RoleEntry, version_of_team

BAD: Final[Json] = "no such thing"
"""An answer that no role that decides or judges can use."""
DOWN = ConnectionError("the line is down")
DENIED = """\
permit(principal, action, resource);
@id("no") forbid(principal, action == Action::"call", resource == Agent::"probe");
"""

Play = Callable[[Sequence[Json]], Iterator[Json | Exception]]
"""Of what a member answers where all goes well, what it does instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way not to do what one should: at last, when others have done their work."""

    play: Play
    retry: Retry | None = None
    denied: bool = False


def _last(*deeds: Json | Exception, then_good: bool = False) -> Play:
    """Return what does well up to the last answer, in place of which it does these; the last of them for ever."""

    def play(gives: Sequence[Json]) -> Iterator[Json | Exception]:
        after = [gives[-1]] if then_good else [deeds[-1]]
        return chain(gives[:-1], deeds, after if then_good else (), repeat(after[0]))

    return play


WAYS: Mapping[str, Way] = {
    "answers badly once": Way(play=_last(BAD, then_good=True)),
    "answers badly always": Way(play=_last(BAD)),
    "fails": Way(play=_last(DOWN)),
    "fails once, with a retry": Way(play=_last(DOWN, then_good=True), retry=Retry(attempts=2, delay=1)),
    "says no": Way(play=_last(Refusal("never"))),
    "is denied by a policy": Way(play=_last(BAD), denied=True),
    "a person says no": Way(play=_last(GateClosed("Ann rejected it", by=("ann",)))),
}


def _member(entry: RoleEntry, way: Way | None) -> AnyAgent:
    deeds = chain(entry.gives, repeat(entry.gives[-1])) if way is None else way.play(entry.gives)
    options: Any = {} if way is None or way.retry is None else {"retry": way.retry}

    @agent(name=PROBE, version=version_of_team(), capabilities={PROBE}, description="is the probe", **options)
    async def does(given: Json) -> Json:
        deed = next(deeds)
        if isinstance(deed, Exception):
            raise deed
        return deed

    return does


ENTRIES = sorted([*ROLES, *IN_PLACE], key=lambda each: each.id)
BY_LOT = frozenset({"debate_judge", "ensemble_judge", "ensemble_contestant", "mesh_peer"})
"""Roles of teams whose value is another one in each run: an order is drawn by lot, or messages have ids."""
_INNER = re.compile(r"failed at [\d.]+: (?:[\w.]+\.)?(\w+): ")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    value: Json
    error: str
    """The name of the error with which the pattern failed; empty where it did not."""
    asked_again: bool
    """Whether somebody was told that an answer cannot be used."""


async def outcomes(way: Way | None) -> Mapping[str, Outcome]:
    """Run all roles with a member that behaves so, None is well; returns how the runs ended, by role."""
    clock = DrivenClock()
    answers = {each.id: chain(each.answers, repeat(each.answers[-1] if each.answers else None)) for each in ENTRIES}
    with TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.cedar"
        policy.write_text(DENIED)
        settings: Any = {"policy": PolicySettings(file=str(policy))} if way is not None and way.denied else {}
        async with App.open(":memory:", clock=clock, **settings) as app:
            handles: dict[str, RunHandle[Any]] = {}
            for entry in ENTRIES:
                team = sequence(entry.made(partial(_member, entry, way), entry.id), name=entry.id)
                handles[entry.id] = await app.start(team, entry.input, id=entry.id)
            while not all([(await each.status()).state.ended for each in handles.values()]):
                await clock.advance(1)
                for question in await app.inbox.list():
                    await app.inbox.answer(question.id, next(answers[question.run]), by="ann")
            return {name: await _outcome(name, handle) for name, handle in handles.items()}


async def _outcome(name: str, handle: RunHandle[Any]) -> Outcome:
    contents = [fact.content for fact in await handle.facts()]
    again = any(isinstance(each, AttemptFailed) and each.type == NOT_ACCEPTED for each in contents)
    try:
        value = plain(await handle.result())
        return Outcome(list(value.get("missing", ())) if name in BY_LOT else value, "", again)
    except RunError as error:
        inner = _INNER.search(str(error))
        return Outcome(None, inner.group(1) if inner else str(error), again)


def cell(way: str, well: Outcome, found: Outcome) -> str:
    """Return in a few words what becomes of a team."""
    if way.startswith("answers") and not found.asked_again and found.error in ("", "NoDecision", well.error):
        return "any answer will do"
    if (found.value, found.error) == (well.value, well.error):
        return "asked again" if "once" in way else "goes on"
    if not found.error:
        return "goes on without"
    return "fails" if found.error in _ITS_OWN else f"`{found.error}`"


_ITS_OWN = frozenset({type(DOWN).__name__, "Refusal", "CallRefused", "GateClosed"})
"""The errors that a member ends with here: a team that fails with one of them passes it on."""


async def rows() -> Mapping[str, Mapping[str, str]]:
    """Return what becomes of a team, by role and by way."""
    well = await outcomes(None)
    found = {name: await outcomes(way) for name, way in WAYS.items()}
    return {
        entry.id: {way: cell(way, well[entry.id], each[entry.id]) for way, each in found.items()} for entry in ENTRIES
    }
