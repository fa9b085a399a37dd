"""`cascade`: a dearer agent is asked only where the cheaper one is not to be trusted."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import Agent, agent
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import Tiered, cascade, cel
from podium.patterns.cascade import commonest
from podium.testing import failing, scripted
from tests.unit.engine.bench import Bench


@dataclass
class Answer:
    text: str
    sure: float


def tier(bench: Bench, name: str, *said: Json) -> Agent[Any, Any]:
    """Return an agent that gives these answers, one a call, and is seen."""
    return scripted(name, list(said), witness=bench.witness)


def sure(answer: dict[str, float]) -> bool:
    return answer["sure"] > 0.8


async def tiered(bench: Bench, made: Agent[Any, Any]) -> Any:
    async with bench.app() as app:
        return await app.run(made, "task")


async def test_a_cheap_answer_that_is_trusted_is_taken_and_nobody_else_is_asked(bench: Bench) -> None:
    made = cascade(tier(bench, "small", {"sure": 0.9}), tier(bench, "large"), confident=sure, name="c")
    assert await tiered(bench, made) == Tiered(value={"sure": 0.9}, tier="small", tried=[])
    assert bench.witness.count("large") == 0


async def test_in_doubt_the_next_tier_is_asked_and_the_last_one_is_always_believed(bench: Bench) -> None:
    tiers = [tier(bench, name, {"sure": share}) for name, share in [("small", 0.1), ("middle", 0.2), ("large", 0.3)]]
    made = cascade(*tiers, confident=cel("answer.sure > 0.8"), name="c")
    assert await tiered(bench, made) == Tiered(value={"sure": 0.3}, tier="large", tried=["small", "middle"])


async def test_an_agent_may_say_whether_an_answer_is_to_be_trusted(bench: Bench) -> None:
    @agent
    async def judge(task: str, answer: str) -> bool:
        return answer == f"{task} done"

    made = cascade(tier(bench, "small", "task"), tier(bench, "large", "large"), confident=judge, name="c")
    assert (await tiered(bench, made)).tier == "large"
    made = cascade(tier(bench, "small", "task done"), tier(bench, "large"), confident=judge, name="d")
    assert (await tiered(bench, made)).tier == "small"


async def test_an_agent_of_texts_judges_the_answer_with_the_task(bench: Bench) -> None:
    @agent
    async def judge(prompt: str) -> bool:
        return prompt == "task:\ntask\n\nanswer:\nsmall"

    made = cascade(tier(bench, "small", "small"), tier(bench, "large"), confident=judge, name="c")
    assert (await tiered(bench, made)).tier == "small"


async def test_samples_that_agree_are_taken(bench: Bench) -> None:
    made = cascade(tier(bench, "small", *"aba"), tier(bench, "large"), samples=3, agreement=0.6, name="c")
    assert await tiered(bench, made) == Tiered(value="a", tier="small", tried=[])


async def test_samples_that_do_not_agree_go_on_to_the_last_tier_which_is_asked_once(bench: Bench) -> None:
    made = cascade(tier(bench, "small", *"aba"), tier(bench, "large", "c"), samples=3, name="c")
    assert await tiered(bench, made) == Tiered(value="c", tier="large", tried=["small"])
    assert (bench.witness.count("small"), bench.witness.count("large")) == (3, 1)


async def test_samples_have_to_agree_before_anybody_judges_their_answer(bench: Bench) -> None:
    judge = tier(bench, "judge")
    made = cascade(tier(bench, "small", *"ab"), tier(bench, "large", "c"), samples=2, confident=judge, name="c")
    assert (await tiered(bench, made)).tier == "large"
    assert bench.witness.count("judge") == 0


async def test_a_sample_that_fails_agrees_with_none(bench: Bench) -> None:
    tiers = tier(bench, "small", "a", ValueError("no"), "a"), tier(bench, "large", "c")
    assert (await tiered(bench, cascade(*tiers, samples=3, agreement=0.7, name="c"))).tier == "large"
    tiers = tier(bench, "little", "a", ValueError("no"), "a"), tier(bench, "big", "c")
    assert (await tiered(bench, cascade(*tiers, samples=3, agreement=0.6, name="d"))).tier == "little"


@pytest.mark.parametrize(
    ("answers", "agreement", "taken"),
    [
        ([None], 1.0, "large"),
        ([None, None, None], 0.6, "large"),
        ([None, None, "a"], 0.6, "large"),
        ([None, None, "a"], 0.3, "small"),
        ([None, "a"], 0.5, "small"),
    ],
)
async def test_agreement_on_nothing_is_no_confidence(
    bench: Bench, answers: list[Json], agreement: float, taken: str
) -> None:
    tiers = tier(bench, "small", *answers), tier(bench, "large", "a")
    made = cascade(*tiers, samples=len(answers), agreement=agreement, confident=lambda _: True, name="c")
    assert await tiered(bench, made) == Tiered(value="a", tier=taken, tried=["small"] if taken == "large" else [])


@pytest.mark.parametrize("judge", [failing("judge"), scripted("judge", lambda _: "hm")])
async def test_an_answer_of_which_nobody_could_say_whether_to_trust_it_is_not_trusted(
    bench: Bench, judge: Agent[Any, Any]
) -> None:
    made = cascade(tier(bench, "small", "a"), tier(bench, "large", "b"), confident=judge, name="c")
    assert await tiered(bench, made) == Tiered(value="b", tier="large", tried=["small"])


async def test_a_tier_that_fails_is_passed_over(bench: Bench) -> None:
    made = cascade(failing("small"), tier(bench, "large", "c"), confident=bool, name="c")
    assert await tiered(bench, made) == Tiered(value="c", tier="large", tried=["small"])


async def test_the_failure_of_the_last_tier_is_raised(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="large fails as told"):
        await tiered(bench, cascade(failing("small"), failing("large"), confident=bool, name="c"))


async def test_what_is_no_failure_of_a_tier_is_not_passed_over(bench: Bench) -> None:
    @agent
    async def counts(n: int) -> int:
        return n

    async with bench.app(counts) as app:
        with pytest.raises(RunFailed, match="InvalidValue: expected int"):
            await app.run(cascade("counts", tier(bench, "large", "c"), confident=bool, name="c"), "task")


async def test_values_come_back_as_the_types_of_the_tiers_also_after_a_restart(bench: Bench) -> None:
    @agent
    async def small(task: str) -> Answer:
        bench.witness.saw("small")
        return Answer(task, 0.1)

    @agent
    async def large(task: str) -> Answer:
        bench.witness.saw("large")
        await bench.clock.sleep_until(bench.clock.now() + (0 if bench.witness.count("large") > 1 else 100))
        return Answer(task, 0.9)

    made = cascade(small, large, confident=lambda answer: answer.sure > 0.8, name="c")
    run = await bench.parked(made, "task")
    assert await bench.result(run, made) == Tiered(value=Answer("task", 0.9), tier="large", tried=["small"])
    assert bench.witness.count("small") == 1


@pytest.mark.parametrize(
    ("tiers", "options", "message"),
    [
        (["a"], {"confident": bool}, "cascade needs at least 2 tiers, got 1"),
        (["a", "a"], {"confident": bool}, "cascade has a twice among its tiers"),
        (["a", "b"], {}, "cascade cannot tell when to go on to the next tier"),
        (["a", "b"], {"samples": 0}, "cascade was given samples=0: expected at least 1"),
        (["a", "b"], {"samples": 2, "agreement": 0.0}, "cascade was given agreement=0.0: expected a share above 0"),
        (["a", "b"], {"samples": 2, "agreement": 1.1}, "cascade was given agreement=1.1"),
        (["a", "b"], {"confident": cel("value > 1")}, "uses value: here it may use answer"),
        (["a", "b"], {"confident": 5}, "cascade was given 5 as its confident"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(tiers: list[str], options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        cascade(*tiers, **options)


def test_tiers_that_take_different_tasks_are_refused() -> None:
    @agent
    async def one(task: int) -> str:
        return ""

    @agent
    async def other(task: list[str]) -> str:
        return ""

    with pytest.raises(PatternError, match="cascade: one and other are told the same task, but take different ones"):
        cascade(one, other, confident=bool)


def test_its_picture_shows_the_way_up() -> None:
    picture = cascade("small", "large", confident="judge", name="c").graph()
    assert '-->|"in doubt, or failed"|' in picture
    assert "confident: judge" in picture


@given(st.lists(st.integers(0, 3), max_size=7), st.integers(0, 3))
def test_the_commonest_answer_is_one_that_none_other_outnumbers(answers: list[int], lost: int) -> None:
    answer, share = commonest(answers, of=max(1, len(answers) + lost))
    if not answers:
        assert (answer, share) == (None, 0)
        return
    most = max(answers.count(each) for each in answers)
    assert answer == next(each for each in answers if answers.count(each) == most)
    assert share == most / (len(answers) + lost)
