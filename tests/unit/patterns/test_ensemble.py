"""`ensemble`: several compete, a judge picks."""

from dataclasses import dataclass
from typing import Any

import pytest

from podium import Agent, Context, agent, workflow
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import Chosen, Pattern, Ruling, cel, ensemble
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench


@agent
async def short(task: str) -> str:
    return task[:2]


@agent
async def long(task: str) -> str:
    return task * 2


@agent
async def same(task: str) -> str:
    return task


def judge(answer: str, **more: Any) -> Agent[Any, Any]:
    """Return a judge that wants this answer, whatever label it stands under."""

    def rule(input: Json) -> Json:
        return {"winner": next(label for label, value in input["candidates"].items() if value == answer), **more}

    return scripted("judge", rule)


async def chosen(bench: Bench, made: Pattern[Any, Chosen[Any]], task: Json = "text") -> Chosen[Any]:
    async with bench.app() as app:
        return await app.run(made, task)


async def test_a_rule_picks_the_answer_with_the_highest_score(bench: Bench) -> None:
    assert await chosen(bench, ensemble(short, long, same, judge=len, name="e")) == Chosen(
        winner="long",
        value="texttext",
        reasons="It has the highest score, 8.",
        scores={"short": 2.0, "long": 8.0, "same": 4.0},
        labels={},
        missing={},
    )


async def test_of_equal_scores_the_first_contestant_wins(bench: Bench) -> None:
    assert (await chosen(bench, ensemble(short, long, judge=cel("1"), name="e"))).winner == "short"


async def test_an_agent_judges_labels_and_the_result_names_the_agents(bench: Bench) -> None:
    found = await chosen(bench, ensemble(short, long, same, judge=judge("te", reasons="brief"), name="e"))
    assert (found.winner, found.value, found.reasons) == ("short", "te", "brief")
    assert (sorted(found.labels), sorted(found.labels.values())) == (["long", "same", "short"], ["A", "B", "C"])


async def test_scores_come_back_under_the_names_of_the_agents(bench: Bench) -> None:
    @agent
    async def rate(task: str, candidates: dict[str, str]) -> Ruling:
        scores = {label: float(len(value)) for label, value in candidates.items()}
        return Ruling(winner=max(scores, key=lambda label: scores[label]), scores={**scores, "Z": 9.0})

    found = await chosen(bench, ensemble(short, long, judge=rate, name="e"))
    assert (found.winner, found.scores) == ("long", {"short": 2.0, "long": 8.0})


async def test_neither_name_nor_place_of_a_contestant_reaches_the_judge_and_places_are_drawn(bench: Bench) -> None:
    orders = set[tuple[str, ...]]()

    @agent
    async def first(task: str, candidates: dict[str, str]) -> Ruling:
        assert list(candidates) == ["A", "B"]
        orders.add(tuple(candidates.values()))
        return Ruling(winner="A")

    made = ensemble(short, same, judge=first, name="e")
    async with bench.app() as app:
        winners = {(await app.run(made, "text")).winner for _ in range(40)}
    assert orders == {("te", "text"), ("text", "te")}
    assert winners == {"short", "same"}


async def test_a_judge_of_texts_reads_the_candidates_under_their_labels(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def reader(prompt: str) -> Ruling:
        seen.append(prompt)
        return Ruling(winner="A")

    other = scripted("other", ["text"])
    await chosen(bench, ensemble(same, other, judge=reader, name="e"))
    assert seen == ['task:\ntext\n\ncandidates:\n{\n  "A": "text",\n  "B": "text"\n}']


async def test_who_fails_is_left_out_and_reported(bench: Bench) -> None:
    found = await chosen(bench, ensemble(failing("broken"), short, long, judge=len, name="e"))
    assert (found.winner, list(found.missing)) == ("long", ["broken"])
    assert "broken fails as told" in found.missing["broken"]


async def test_the_only_one_that_is_left_wins_without_a_judge(bench: Bench) -> None:
    found = await chosen(bench, ensemble(failing("broken"), short, judge=hanging("judge"), name="e"))
    assert (found.winner, found.value, found.reasons) == ("short", "te", "Nobody else gave an answer.")


async def refused(bench: Bench, made: Pattern[Any, Chosen[Any]]) -> str:
    with pytest.raises(RunFailed) as caught:
        await chosen(bench, made)
    return str(caught.value)


async def test_where_nobody_is_left_there_is_no_decision(bench: Bench) -> None:
    message = await refused(bench, ensemble(failing("x"), failing("y"), judge=len, name="e"))
    assert "NoDecision: ensemble: 0 of 2 answered, where 1 had to" in message
    assert "y fails as told" in message


async def test_a_winner_that_is_no_candidate_is_no_decision(bench: Bench) -> None:
    made = ensemble(short, long, judge=scripted("judge", 3 * [{"winner": "short"}]), name="e")
    message = await refused(bench, made)
    assert "NoDecision: ensemble: judge, its judge, chose 'short': there is A, B." in message


async def test_a_ruling_that_cannot_be_read_is_a_bad_answer(bench: Bench) -> None:
    message = await refused(bench, ensemble(short, long, judge=scripted("judge", 3 * ["the first"]), name="e"))
    assert "BadAnswer: ensemble: judge, its judge, gave what cannot be read" in message


async def test_the_value_comes_back_typed(bench: Bench) -> None:
    @dataclass
    class Plan:
        steps: list[str]

    @agent
    async def one(task: str) -> Plan:
        return Plan(steps=[task])

    @agent
    async def two(task: str) -> Plan:
        return Plan(steps=[task, task])

    assert (await chosen(bench, ensemble(one, two, judge=lambda plan: len(plan.steps), name="e"))).value == Plan(
        steps=["text", "text"]
    )


@pytest.mark.parametrize(("at_once", "begun"), [(None, ["h0", "h1", "h2"]), (2, ["h0", "h1"])])
async def test_at_most_as_many_work_at_once_as_is_told(bench: Bench, at_once: int | None, begun: list[str]) -> None:
    crowd = [hanging(f"h{number}", witness=bench.witness) for number in range(3)]
    await bench.parked(ensemble(*crowd, judge=len, at_once=at_once, name="e"), "text")
    assert [line.split()[0] for line in bench.witness.lines()] == begun


async def test_a_run_that_is_let_go_before_the_judge_has_judged_draws_the_same_places_again(bench: Bench) -> None:
    shown: list[Json] = []

    @workflow
    async def person(ctx: Context, what: dict[str, Json]) -> Ruling:
        shown.append(list(what["candidates"].items()))
        return await ctx.signal("ruling", Ruling)

    names = "abcdefgh"
    made = ensemble(*[scripted(name, [name]) for name in names], judge=person, name="contest")
    run = await bench.parked(made, "text", person)
    async with bench.app(made, person) as app:
        await (await app.handle(run)).signal("ruling", {"winner": "A", "reasons": "why"})
        found = await (await app.handle(run)).result()
    assert shown[0] == shown[1]
    assert found.labels[found.winner] == "A"
    assert found.value == found.winner


async def test_after_z_labels_get_a_number(bench: Bench) -> None:
    crowd = [scripted(f"n{number}", [number]) for number in range(28)]
    found = await chosen(bench, ensemble(*crowd, judge=scripted("judge", [{"winner": "B1"}]), name="e"))
    assert found.labels[found.winner] == "B1"
    assert len(set(found.labels.values())) == 28


def test_one_contestant_is_no_competition() -> None:
    with pytest.raises(PatternError, match="ensemble needs at least 2 contestants, got 1"):
        ensemble(short, judge=len)


def test_a_judge_that_does_not_rule_is_refused() -> None:
    with pytest.raises(PatternError, match=r"same does not give what its judge has to give \(Ruling\)"):
        ensemble(short, long, judge=same)


def test_what_is_no_judge_is_refused() -> None:
    with pytest.raises(PatternError, match="ensemble was given 5 as its judge"):
        ensemble(short, long, judge=5)  # pyright: ignore[reportArgumentType] - what is being refused


def test_a_rule_knows_the_answer_only() -> None:
    with pytest.raises(PatternError, match="uses task: here it may use answer"):
        ensemble(short, long, judge=cel("size(task)"))


def test_none_at_once_is_refused() -> None:
    with pytest.raises(PatternError, match="ensemble was given at_once=0: expected at least 1"):
        ensemble(short, long, judge=len, at_once=0)


def test_its_picture_leads_to_the_judge() -> None:
    assert ensemble("a", "b", judge="j").graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["ensemble"]',
        '        n2["contestant 1: a"]',
        '        n3["contestant 2: b"]',
        '        n4["judge: j"]',
        "        n2 --> n4",
        "        n3 --> n4",
        "    end",
    ]
