"""A team in the place of a speaker or worker may say its last message only."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from podium import Agent, agent
from podium.model.json import Json
from podium.patterns import (
    Assignment,
    Conversation,
    Debated,
    Delegate,
    Finish,
    ProgressLedger,
    debate,
    group_chat,
    load,
    magentic,
    sequence,
    supervisor,
)
from podium.patterns.building.last_word import last_word
from podium.testing import scripted
from tests.unit.engine.bench import Bench


@agent
async def bob(task: Json) -> str:
    return "bob"


def talk() -> Any:
    """Return a team that ends with the words "so be it"."""
    return group_chat(scripted("x", ["hm"]), scripted("y", ["so be it"]), turns=2, name="talk")


def agreeing() -> Any:
    """Return a team whose members agree at once."""
    return debate(scripted("x", ["yes"]), scripted("y", ["yes"]), name="agreeing")


def chat(team: Agent[Any, Any], *, last_only: bool) -> Any:
    return sequence(
        group_chat(team, scripted("z", ["z"]), turns=1, last_only=last_only),
        lambda given: given.messages[0].text,
        name="t",
    )


def led(team: Agent[Any, Any], *, last_only: bool) -> Any:
    @agent
    async def boss(task: str, reports: list[Json]) -> Delegate | Finish:
        if reports:
            return Finish(answer=reports[0]["output"])
        return Delegate(assignments=[Assignment(to=team.card.name, input=task)])

    return supervisor(boss, [team], last_only=last_only, name="t")


def ledgers(team: Agent[Any, Any], *, last_only: bool) -> Any:
    ahead = ProgressLedger(satisfied=False, looping=False, progressing=True, next=team.card.name, instruction="go")
    done = {**asdict(ahead), "satisfied": True}
    made = magentic(
        scripted("lead", [asdict(ahead), done]), [team], ledger=scripted("plan", [{"facts": "f", "plan": "p"}]),
        final=scripted("end", lambda told: told["history"][0]["answer"]), last_only=last_only,
    )  # fmt: skip
    return sequence(made, lambda given: given.answer, name="t")


HOSTS = [chat, led, ledgers]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(("team", "says"), [(talk, "so be it"), (agreeing, "yes")])
async def test_a_team_says_only_its_last_message_where_that_is_wanted(
    bench: Bench, host: Callable[..., Any], team: Callable[[], Any], says: str
) -> None:
    async with bench.app() as app:
        assert await app.run(host(team(), last_only=True), "go") == says


@pytest.mark.parametrize("host", HOSTS)
async def test_a_team_says_all_of_what_it_came_to_unless_it_is_told_otherwise(
    bench: Bench, host: Callable[..., Any]
) -> None:
    async with bench.app() as app:
        whole = await app.run(host(talk(), last_only=False), "go")
    assert (whole["ended"], [each["text"] for each in whole["messages"]]) == ("bound", ["hm", "so be it"])


@pytest.mark.parametrize("host", HOSTS)
async def test_one_that_is_no_team_says_what_it_says(bench: Bench, host: Callable[..., Any]) -> None:
    async with bench.app() as app:
        assert await app.run(host(bob, last_only=True), "go") == "bob"


async def test_a_team_that_is_asked_by_its_name_says_its_last_message_too(bench: Bench) -> None:
    made = group_chat("talk", "bob", turns=1, last_only=True, name="g")
    async with bench.app(made, talk(), bob) as app:
        assert [each.text for each in (await app.run(made, "go")).messages] == ["so be it"]


async def test_in_a_conversation_a_team_says_the_same_words(bench: Bench) -> None:
    made = group_chat(talk(), bob, turns=1, last_only=True, name="g")
    async with bench.app(made) as app:
        await app.run(made, "go", conversation="u")
        assert [each.text for each in await app.conversations.messages("u")] == ["go", "so be it"]


def test_the_last_word_of_teams_inside_a_result_is_that_of_the_innermost() -> None:
    inner = Conversation(messages=[], ended="nobody")
    whole = Debated(decision=inner, by="judge", reasons="", positions={"x": inner}, rounds=1)
    assert (whole.last, last_word(whole), last_word("text")) == (inner, None, "text")


@pytest.mark.parametrize(
    "made",
    [
        group_chat("a", "b", last_only=True), supervisor("a", ["b"], threads=True, last_only=True),
        magentic("a", ["b"], threads=True, last_only=True),
    ],
)  # fmt: skip
def test_it_can_be_written_down_and_read_again(made: Any) -> None:
    assert load(made.spec()).spec() == made.spec()
    assert "'last_only': True" in str(made.spec())
