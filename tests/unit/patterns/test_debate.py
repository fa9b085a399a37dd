"""`debate`: propose, criticise, revise; then agree, be judged, or vote."""

from dataclasses import dataclass
from typing import Any

import pytest

from podium import Agent, Context, agent, workflow
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import Debated, Pattern, Ruling, debate
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench


def debater(name: str, *held: Json, vote: Json = None, seen: list[Any] | None = None) -> Agent[Any, Any]:
    """Return one that holds one position after the other."""

    def rule(input: Json) -> Json:
        if seen is not None:
            seen.append(input)
        match input["step"]:
            case "propose":
                return held[0]
            case "criticise":
                return f"{name} doubts"
            case "revise":
                return held[held.index(input["position"]) + 1]
            case _:
                return vote

    return scripted(name, rule)


async def debated(bench: Bench, made: Pattern[Any, Debated[Any]]) -> Debated[Any]:
    async with bench.app() as app:
        return await app.run(made, "why?")


async def undecided(bench: Bench, made: Pattern[Any, Debated[Any]]) -> str:
    with pytest.raises(RunFailed) as caught:
        await debated(bench, made)
    return str(caught.value)


async def test_it_ends_as_soon_as_all_hold_the_same(bench: Bench) -> None:
    made = debate(debater("a", 1, 2, 3), debater("b", 0, 2.0, 4), rounds=5, name="d")
    assert await debated(bench, made) == Debated(
        decision=2,
        by="agreement",
        reasons="All hold the same position.",
        positions={"a": 2, "b": 2.0},
        rounds=1,
    )


async def test_where_all_propose_the_same_nobody_criticises(bench: Bench) -> None:
    found = await debated(bench, debate(debater("a", 1), debater("b", 1), name="d"))
    assert (found.by, found.rounds) == ("agreement", 0)


async def test_each_step_is_handed_what_it_needs(bench: Bench) -> None:
    seen: list[Any] = []
    made = debate(debater("a", 1, 2, seen=seen), debater("b", 3, 4), debater("c", 5, 4), rounds=1, name="d")
    await debated(bench, made)
    assert seen == [
        {"step": "propose", "task": "why?"},
        {"step": "criticise", "task": "why?", "positions": {"b": 3, "c": 5}},
        {"step": "revise", "task": "why?", "position": 1, "criticisms": {"b": "b doubts", "c": "c doubts"}},
    ]


async def test_a_debater_of_several_parameters_and_one_of_texts_debate_too(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def by_name(step: str, task: str, position: str = "", criticisms: dict[str, str] | None = None) -> str:
        return "no" if criticisms == {"by_text": "weak"} else "yes"

    @agent
    async def by_text(prompt: str) -> str:
        seen.append(prompt)
        return "weak" if prompt.startswith("step:\ncriticise") else "no"

    found = await debated(bench, debate(by_name, by_text, rounds=1, name="d"))
    assert (found.by, found.decision) == ("agreement", "no")
    assert seen[:2] == [
        "step:\npropose\n\ntask:\nwhy?",
        'step:\ncriticise\n\ntask:\nwhy?\n\npositions:\n{\n  "by_name": "yes"\n}',
    ]


async def test_after_the_last_round_more_than_half_decide(bench: Bench) -> None:
    made = debate(debater("a", 1, 2, 3), debater("b", 0, 9, 8), debater("c", 4, 5, 3), name="d")
    found = await debated(bench, made)
    assert (found.decision, found.by, found.reasons, found.rounds) == (3, "vote", "2 of 3 hold it.", 2)


async def test_without_a_majority_they_name_the_position_that_they_find_best(bench: Bench) -> None:
    seen: list[Any] = []
    made = debate(
        debater("a", 1, 2, vote="b", seen=seen), debater("b", 3, 4, vote="a"), debater("c", 5, 6, vote="b"),
        rounds=1, name="d",
    )  # fmt: skip
    found = await debated(bench, made)
    assert (found.decision, found.by, found.reasons) == (4, "vote", "2 of 3 found it the best.")
    assert seen[-1] == {"step": "vote", "task": "why?", "positions": {"a": 2, "b": 4, "c": 6}}


async def test_votes_for_two_who_hold_the_same_position_are_votes_for_one(bench: Bench) -> None:
    made = debate(
        debater("a", 1, 2, vote="c"), debater("b", 3, 4, vote="a"), debater("c", 5, 4, vote="b"),
        debater("d", 6, 7, vote="d"), rounds=1, name="debate",
    )  # fmt: skip
    assert (await debated(bench, made)).decision == 4


@pytest.mark.parametrize("vote", ["nobody", 5, None])
async def test_a_vote_for_nobody_does_not_count(bench: Bench, vote: Json) -> None:
    made = debate(debater("a", 1, 2, vote=vote), debater("b", 3, 4, vote="a"), rounds=1, name="d")
    assert (await debated(bench, made)).decision == 2


async def test_a_tie_is_no_decision(bench: Bench) -> None:
    made = debate(debater("a", 1, 2, vote="b"), debater("b", 3, 4, vote="a"), rounds=1, name="d")
    message = await undecided(bench, made)
    assert "NoDecision: debate: no position is held by more than half, and none was named most often" in message
    assert 'a for "b", b for "a". A vote is one of the names a, b; or let a `judge` decide' in message


async def test_a_judge_decides_and_sees_neither_names_nor_places(bench: Bench) -> None:
    @agent
    async def judge(task: str, positions: dict[str, int]) -> Ruling:
        assert (task, sorted(positions), sorted(positions.values())) == ("why?", ["A", "B"], [2, 4])
        return Ruling(winner=max(positions, key=lambda label: positions[label]), reasons="more")

    made = debate(debater("a", 1, 2, vote="a"), debater("b", 3, 4, vote="a"), judge=judge, rounds=1, name="d")
    found = await debated(bench, made)
    assert (found.decision, found.by, found.reasons) == (4, "judge", "more")
    assert sorted(found.labels) == ["a", "b"]


async def test_a_judge_is_not_paid_where_all_agree(bench: Bench) -> None:
    found = await debated(bench, debate(debater("a", 1), debater("b", 1), judge=hanging("judge"), name="d"))
    assert found.by == "agreement"


async def test_a_judge_that_names_none_of_the_labels_is_no_decision(bench: Bench) -> None:
    made = debate(
        debater("a", 1, 2), debater("b", 3, 4), judge=scripted("j", 3 * [{"winner": "c"}]), rounds=1, name="d"
    )
    assert "NoDecision: debate: j, its judge, chose 'c': there is A, B." in await undecided(bench, made)


async def test_a_debater_that_fails_fails_the_debate(bench: Bench) -> None:
    assert "broken fails as told" in await undecided(bench, debate(debater("a", 1), failing("broken"), name="d"))


async def test_the_decision_comes_back_typed(bench: Bench) -> None:
    @dataclass
    class Price:
        euros: int

    @agent
    async def seller(step: str, task: str) -> Price:
        return Price(euros=5)

    @agent
    async def buyer(step: str, task: str) -> Price:
        return Price(euros=5)

    assert (await debated(bench, debate(seller, buyer, name="d"))).decision == Price(euros=5)


async def test_a_run_goes_on_in_the_round_in_which_it_was_let_go(bench: Bench) -> None:
    @agent
    async def quick(step: str, task: str, position: str = "") -> str:
        bench.witness.saw(step)
        return f"{position}!"

    @workflow
    async def person(ctx: Context, what: dict[str, Json]) -> str:
        return "?" if what["step"] == "propose" else await ctx.signal(str(what["step"]), str)

    made = debate(quick, person, name="d")
    run = await bench.parked(made, "why?", person)
    async with bench.app(made, person) as app:
        await (await app.handle(run)).signal("criticise", "too loud")
        await (await app.handle(run)).signal("revise", "!!")
        found = await (await app.handle(run)).result()
    assert (found.by, found.decision, found.rounds) == ("agreement", "!!", 1)
    assert [bench.witness.count(step) for step in ("propose", "criticise", "revise")] == [1, 1, 1]


def test_one_debater_is_no_debate() -> None:
    with pytest.raises(PatternError, match="debate needs at least 2 debaters, got 1"):
        debate(debater("a", 1))


def test_no_rounds_are_refused() -> None:
    with pytest.raises(PatternError, match="debate was given rounds=0: expected at least 1"):
        debate(debater("a", 1), debater("b", 1), rounds=0)


def test_a_judge_that_does_not_rule_is_refused() -> None:
    @agent
    async def essayist(task: str, positions: dict[str, str]) -> str:
        return task

    with pytest.raises(PatternError, match=r"essayist does not give what its judge has to give \(Ruling\)"):
        debate(debater("a", 1), debater("b", 1), judge=essayist)


def test_a_debater_that_needs_what_it_is_not_offered_is_refused() -> None:
    @agent
    async def picky(step: str, task: str, sources: list[str]) -> str:
        return task

    with pytest.raises(PatternError, match="picky, its debater, needs sources, and is offered step, task, positions"):
        debate(picky, debater("b", 1))


def test_its_picture_shows_who_debates_with_whom_and_the_judge() -> None:
    assert debate("a", "b", judge="j", rounds=3).graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["debate"]',
        '        n2["debater 1: a"]',
        '        n3["debater 2: b"]',
        '        n4["judge: j"]',
        '        n2 -->|"at most 3 rounds"| n3',
        "        n2 --> n4",
        "        n3 --> n4",
        "    end",
    ]
