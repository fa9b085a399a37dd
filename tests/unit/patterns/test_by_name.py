"""A member that is known by name only is handed what the agent itself would be, in every role of every pattern."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pytest

from podium import App
from podium.facade.handle import RunHandle
from podium.model.facts.calls import Asked, UndoRegistered
from podium.model.json import Json
from podium.patterns import (
    ProgressLedger,
    group_chat,
    handoff,
    magentic,
    mesh,
    plan_execute,
    route,
    sequence,
    supervisor,
)
from podium.patterns.building.members import Member
from podium.patterns.building.pattern import Pattern
from podium.testing import CountingIds, DrivenClock, scripted
from tests.catalogue.roles import ROLES
from tests.catalogue.roles.role import PROBE, RoleEntry, Shape, member

SHAPES: Sequence[Shape] = ("reader", "listener", "text", "parameters")


async def inputs_of(handle: RunHandle[Any]) -> list[Json]:
    """Return what all agents of a run were asked, and what language models heard with it."""
    return [
        [each.agent, fact.value(), fact.body.get("heard"), fact.body.get("ask")]
        for fact in await handle.facts()
        if isinstance(each := fact.content, Asked | UndoRegistered)
    ]


async def asked_in(entry: RoleEntry, shape: Shape, *, by_name: bool) -> list[Json]:
    """Return what was asked where a member of a shape fills a role."""
    name, clock = f"{entry.id}_{shape}", DrivenClock()
    async with App.open(":memory:", clock=clock, ids=CountingIds()) as app:

        def fills() -> Any:
            made = member(shape, entry.gives, entry.parts)
            app.register(made)
            return PROBE if by_name else made

        made = entry.made(fills, name)
        listens = shape == "listener"
        team = route({"it": made}, lambda _: "it", name=name) if listens else sequence(made, name=name)
        handle = await app.start(team, entry.input, id=name, conversation=name if listens else None)
        await entry.ended(app, clock, handle)
        return await inputs_of(handle)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("entry", ROLES, ids=lambda entry: entry.id)
async def test_a_name_is_handed_what_the_agent_is(entry: RoleEntry, shape: Shape) -> None:
    if shape in entry.shapes:
        by_object = await asked_in(entry, shape, by_name=False)
        assert await asked_in(entry, shape, by_name=True) == by_object


# What those who choose are told of names

DIGGER = "Digs holes."
PICKED = ProgressLedger(satisfied=True, looping=False, progressing=True, next="digger", instruction="")
PLANNED: Json = {"tasks": [{"id": "a", "worker": "digger", "input": "a hole"}]}


def says(*replies: Json) -> Any:
    return member("reader", list(replies), [])


CHOOSING: Mapping[str, Callable[[Member], Pattern[Any, Any]]] = {
    "supervisor": lambda it: supervisor(says({"answer": "so"}), [it], name="team"),
    "magentic": lambda it: magentic(says({"facts": "f", "plan": "p"}, asdict(PICKED), "so"), [it], name="team"),
    "plan_execute": lambda it: plan_execute(says(PLANNED), [it], name="team"),
    "route": lambda it: route({"dig": it}, says("dig"), name="team"),
    "group_chat": lambda it: group_chat(it, scripted("other", []), next_speaker=says(None), name="team"),
    "handoff": lambda it: handoff(says({"answer": "so"}), it, name="team"),
    "mesh": lambda it: mesh(says({"answer": "so"}), it, name="team"),
}


@pytest.mark.parametrize("choosing", CHOOSING)
async def test_whoever_chooses_is_told_of_a_name_what_the_agent_says_of_itself(choosing: str) -> None:
    told = list[list[Json]]()
    for by_name in (False, True):
        digger = scripted("digger", ["dug"] * 3, description=DIGGER)
        team = CHOOSING[choosing]("digger" if by_name else digger)
        async with App.open(":memory:", clock=DrivenClock(), ids=CountingIds()) as app:
            app.register(digger, team)
            handle = await app.start(team, "a well")
            await handle.result()
            told.append(await inputs_of(handle))
    assert DIGGER in str(told[0])
    assert told[1] == told[0]
