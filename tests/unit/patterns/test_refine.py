"""`refine`: write, criticise, write again."""

from typing import Any

import pytest

from podium import Agent, agent
from podium.errors import PatternError
from podium.patterns import Revision, cel, refine
from podium.testing import scripted
from tests.unit.engine.bench import Bench


def critic(*scores: float) -> Agent[Any, Any]:
    return scripted("critic", [{"score": score} for score in scores])


@agent
async def grow(task: str, draft: str = "", verdict: object = None) -> str:
    return f"{draft}{task}"


def good(verdict: dict[str, float]) -> bool:
    return verdict["score"] >= 0.9


def score(verdict: dict[str, float]) -> float:
    return verdict["score"]


async def test_it_ends_with_the_first_draft_that_is_good_enough(bench: Bench) -> None:
    made = refine(grow, critic(0.1, 0.95), until=good, name="r")
    async with bench.app() as app:
        assert await app.run(made, "a") == "aa"


async def test_the_best_draft_is_kept_not_the_last_and_is_what_is_revised(bench: Bench) -> None:
    made = refine(grow, critic(0.5, 0.2, 0.4), until=good, score=score, name="r")
    async with bench.app() as app:
        assert await app.run(made, "a") == "a"


async def test_a_writer_of_one_type_gets_the_task_and_then_a_revision(bench: Bench) -> None:
    seen: list[object] = []

    @agent
    async def writer(what: str | Revision[str, dict[str, float]]) -> str:
        seen.append(what)
        return "draft"

    async with bench.app() as app:
        await app.run(refine(writer, critic(0.0, 1.0), until=good, name="r"), "a")
    assert seen == ["a", Revision(task="a", draft="draft", verdict={"score": 0.0})]


async def test_a_writer_of_texts_gets_the_parts_under_their_names(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def writer(prompt: str) -> str:
        seen.append(prompt)
        return "draft"

    async with bench.app() as app:
        await app.run(refine(writer, scripted("c", ["bad", "good"]), until=cel("verdict == 'good'"), name="r"), "a")
    assert seen == ["a", "task:\na\n\ndraft:\ndraft\n\nverdict:\nbad"]


def test_no_rounds_are_refused() -> None:
    with pytest.raises(PatternError, match="refine was given rounds=0: expected at least 1"):
        refine(grow, grow, until=bool, rounds=0)


def test_a_rule_that_asks_for_what_is_not_there_is_refused() -> None:
    with pytest.raises(PatternError, match=r"the rule 'draft.score > 1' uses draft: here it may use verdict"):
        refine(grow, grow, until=cel("draft.score > 1"))


def test_a_critic_that_needs_what_it_is_not_offered_is_refused() -> None:
    @agent
    async def picky(draft: str, sources: list[str]) -> str:
        return draft

    with pytest.raises(PatternError, match="picky, its critic, needs sources, and is offered task, draft"):
        refine(grow, picky, until=bool)
