"""A rule of a pattern cannot read an answer: whoever gave it is told and asked again; then it is a BadAnswer."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from podium.errors import RunFailed
from podium.model.json import Json
from podium.patterns import (
    blackboard,
    cascade,
    cel,
    debate,
    ensemble,
    gate,
    group_chat,
    magentic,
    mesh,
    race,
    refine,
    supervisor,
    watch,
)
from podium.patterns.building.pattern import Pattern
from podium.testing import scripted
from tests.unit.engine.bench import Bench

Team = Pattern[Any, Any]


def score(answer: Any) -> Any:
    return answer["score"]


def good(answer: Any) -> Any:
    return answer["score"] > 0.5


def said(messages: Any) -> bool:
    return messages[-1].text["score"] > 0.5


def message(message: Any) -> bool:
    return message.text["score"] > 0.5


def other(name: str = "other") -> Any:
    return scripted(name, lambda _: {"score": 0.9})


READ: Mapping[str, Callable[[Any], Team]] = {
    "refine: until": lambda it: refine(other(), it, until=good, name="team"),
    "refine: until, in CEL": lambda it: refine(other(), it, until=cel("verdict.score > 0.5"), name="team"),
    "refine: score": lambda it: refine(other(), it, until=cel("true"), score=score, name="team"),
    "race: good": lambda it: race(it, scripted("other", [ConnectionError()]), good=good, name="team"),
    "ensemble: judge": lambda it: ensemble(it, other(), judge=score, name="team"),
    "cascade: confident": lambda it: cascade(it, other(), confident=good, name="team"),
    "gate: check": lambda it: gate(good, worker=it, name="team"),
    "group_chat: until": lambda it: group_chat(it, other(), until=said, turns=2, name="team"),
    "group_chat: agree": lambda it: group_chat(it, other(), agree=message, turns=2, name="team"),
}
"""Patterns with a rule that reads the answer of one member, which fills the place."""

IN_THE_END = {"race: good": "NoDecision", "ensemble: judge": None, "cascade: confident": None}
"""What comes of an answer that stays unreadable, where that is no BadAnswer: others did better."""


@pytest.mark.parametrize("rule", READ)
async def test_whoever_gave_it_is_told_and_asked_again(bench: Bench, rule: str) -> None:
    member = scripted("it", ["good", 7, {"score": 0.8}])
    team = READ[rule](member)
    async with bench.app(team) as app:
        handle = await app.start(team, "go")
        await handle.result()
        told = str([(fact.payload, fact.body) for fact in await handle.facts()])
    assert f"its rule `{rule.partition(': ')[2].partition(',')[0]}` cannot read what it was given" in told


@pytest.mark.parametrize("rule", READ)
async def test_in_the_end_it_is_an_answer_that_cannot_be_used(bench: Bench, rule: str) -> None:
    team = READ[rule](scripted("it", ["good"] * 3))
    async with bench.app(team) as app:
        handle = await app.start(team, "go")
        wanted = IN_THE_END.get(rule, "BadAnswer")
        if wanted is None:
            await handle.result()
            return
        with pytest.raises(RunFailed, match=wanted):
            await handle.result()


ABOUT_ALL: Mapping[str, Callable[[], Team]] = {
    "debate": lambda: debate(
        scripted("one", lambda _: "a"), scripted("two", lambda _: "b"), until=lambda each: each["one"]["x"], name="team"
    ),
    "blackboard": lambda: blackboard(
        watch(scripted("one", [{"a": 1}]), when=lambda board: True), until=lambda board: board["b"] > 1, name="team"
    ),
    "mesh": lambda: mesh(
        scripted("one", [{"messages": [{"to": "two", "payload": "x"}]}]), other("two"),
        until=lambda messages: messages[-1].payload["x"], name="team",
    ),
    "supervisor": lambda: supervisor(
        scripted("boss", [{"assignments": [{"to": "other", "input": 1}]}]), [other()],
        until=lambda reports: reports[0].output["x"] > 1, name="team",
    ),
    "magentic": lambda: magentic(
        scripted("lead", [
            {"facts": "", "plan": ""},
            {"satisfied": False, "looping": False, "progressing": True, "next": "other", "instruction": "go"},
        ]),
        [other()], until=lambda history: history[0].answer["x"] > 1, name="team",
    ),
}  # fmt: skip
"""Patterns whose `until` reads what several have given."""


@pytest.mark.parametrize("kind", ABOUT_ALL)
async def test_an_end_that_cannot_read_what_several_gave_says_so(bench: Bench, kind: str) -> None:
    team, given = ABOUT_ALL[kind](), dict[str, Json]() if kind == "blackboard" else "go"
    async with bench.app(team) as app:
        handle = await app.start(team, given)
        with pytest.raises(RunFailed, match=f"{kind}: its rule `until` cannot read what it was given"):
            await handle.result()
