"""`vote`: who is asked, what they decide, and what is not paid for."""

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Agent, App, Call, Context, Retry, agent, workflow
from podium.errors import RunFailed, TransportFailed
from podium.model.json import Json
from podium.patterns import Ballot, Tally, sequence, vote
from podium.patterns.parts.ballot import BallotRules, Count, Decided
from podium.testing import failing, hanging, scripted
from tests.examples import examples
from tests.unit.engine.bench import Bench
from tests.unit.patterns.brute_count import brute


def says(name: str, *votes: Json) -> Agent[Any, Any]:
    return scripted(name, list(votes))


def crowd(votes: str) -> list[Agent[Any, Any]]:
    """Return one voter for each letter, in order; `-` abstains."""
    return [says(f"{number}", None if letter == "-" else letter) for number, letter in enumerate(votes)]


@agent
async def unasked(task: str) -> str:
    raise AssertionError(task)


async def decided(bench: Bench, *voters: Agent[Any, Any], **options: Any) -> Ballot[Any]:
    async with bench.app() as app:
        return await app.run(vote(*voters, name="v", **options), "task")


async def undecided(bench: Bench, *voters: Agent[Any, Any], **options: Any) -> str:
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="NoDecision") as caught:
            await app.run(vote(*voters, name="v", **options), "task")
        return str(caught.value)


async def test_more_than_half_decide_and_everything_is_told(bench: Bench) -> None:
    ballot = await decided(bench, *crowd("ABBAB"))
    assert ballot == Ballot(
        decision="B",
        counts=[Tally(option="B", weight=3.0, votes=3), Tally(option="A", weight=2.0, votes=2)],
        votes={"0": "A", "1": "B", "2": "B", "3": "A", "4": "B"},
        abstained={},
        not_asked=[],
        why='"B" has 3 of 5 votes.',
    )


async def test_what_cannot_matter_is_not_bought(bench: Bench) -> None:
    ballot = await decided(bench, *crowd("AA"), unasked)
    assert (ballot.decision, ballot.not_asked) == ("A", ["unasked"])
    assert ballot.why == '"A" has 2 of 2 votes, and no further vote can change that.'


async def test_a_majority_that_nobody_can_have_any_more_is_not_paid_for(bench: Bench) -> None:
    message = await undecided(bench, *crowd("ABCDE"), unasked, at_once=1)
    assert "no option can get more than half of the votes any more" in message


async def test_half_is_no_majority(bench: Bench) -> None:
    message = await undecided(bench, *crowd("AABC"))
    assert "no option has more than half of the votes" in message
    assert 'Votes: "A" 2 of 4 votes, "B" 1 of 4 votes, "C" 1 of 4 votes.' in message


async def test_a_plurality_is_the_most_votes(bench: Bench) -> None:
    assert (await decided(bench, *crowd("ABCCD"), decide="plurality")).decision == "C"


async def test_unanimous_is_all_that_voted(bench: Bench) -> None:
    assert (await decided(bench, *crowd("A-A"), decide="unanimous")).decision == "A"


async def test_one_dissent_ends_a_unanimous_vote(bench: Bench) -> None:
    message = await undecided(bench, *crowd("AB"), unasked, decide="unanimous", at_once=1)
    assert "no option can get all votes any more" in message


@pytest.mark.parametrize(("share", "wins"), [(0.6, True), (0.61, False)])
async def test_a_share_is_reached_by_just_that_much(bench: Bench, share: float, *, wins: bool) -> None:
    voters = crowd("AAABB")
    if wins:
        assert (await decided(bench, *voters, decide=share)).decision == "A"
    else:
        assert "no option has 0.61 of the votes" in await undecided(bench, *voters, decide=share)


async def test_weights_count_instead_of_heads(bench: Bench) -> None:
    ballot = await decided(bench, *crowd("BBA"), weights={"2": 2.5})
    assert (ballot.decision, ballot.why) == ("A", '"A" has 2.5 of 4.5 by weight.')
    assert ballot.counts == [Tally(option="A", weight=2.5, votes=1), Tally(option="B", weight=2.0, votes=2)]


async def test_a_failed_voter_abstains_and_the_reason_is_told(bench: Bench) -> None:
    ballot = await decided(bench, failing("broken"), *crowd("AA"))
    assert (ballot.decision, ballot.votes["broken"]) == ("A", None)
    assert "broken fails as told" in ballot.abstained["broken"]


async def test_none_is_an_abstention(bench: Bench) -> None:
    assert (await decided(bench, *crowd("A-"))).abstained == {"1": "it gave no vote"}


async def test_what_is_none_of_the_options_is_told_and_asked_again(bench: Bench) -> None:
    unsure = scripted("1", ["X", " b."])
    ballot = await decided(bench, *crowd("A"), unsure, *crowd("--A")[2:], options=["A", "B"], at_once=3)
    assert (ballot.votes, ballot.abstained) == ({"0": "A", "1": "B", "2": "A"}, {})


async def test_what_is_none_of_the_options_in_the_end_is_an_abstention(bench: Bench) -> None:
    ballot = await decided(bench, *crowd("AXA"), options=["A", "B"], at_once=3, corrections=0)
    assert (ballot.votes, ballot.abstained) == ({"0": "A", "1": None, "2": "A"}, {"1": '"X" is none of the options'})


async def test_a_quorum_that_cannot_be_reached_any_more_is_not_paid_for(bench: Bench) -> None:
    message = await undecided(bench, *crowd("A--"), unasked, quorum=3, at_once=1)
    assert "vote v: the quorum of 3 can no longer be reached" in message
    assert "No vote: 1: it gave no vote; 2: it gave no vote." in message


async def test_too_few_votes_decide_nothing(bench: Bench) -> None:
    assert "the quorum is 2, and 1 voted" in await undecided(bench, *crowd("A-"), quorum=2, at_once=2)


async def test_where_nobody_votes_nothing_is_decided(bench: Bench) -> None:
    assert "vote v: nobody voted" in await undecided(bench, *crowd("--"))


async def test_a_quorum_is_waited_for_although_the_majority_is_clear(bench: Bench) -> None:
    ballot = await decided(bench, *crowd("AAAA"), unasked, quorum=4)
    assert (ballot.votes, ballot.not_asked) == ({"0": "A", "1": "A", "2": "A", "3": "A"}, ["unasked"])


async def test_a_tie_decides_nothing(bench: Bench) -> None:
    assert 'vote v: "A" and "B" have 1 of 2 votes each' in await undecided(bench, *crowd("AB"))


async def test_of_a_tie_the_option_that_was_voted_for_first_can_be_taken(bench: Bench) -> None:
    ballot = await decided(bench, *crowd("BAAB"), tie="first")
    assert (ballot.decision, ballot.why) == ("B", '"B" has 2 of 4 votes, as has "A", and was voted for first.')


async def test_first_is_by_the_order_of_the_voters_not_of_their_answers(bench: Bench) -> None:
    @agent(retry=Retry(attempts=2))
    async def late(task: str, call: Call) -> str:
        if call.attempt == 1:
            raise TransportFailed(task)
        return "B"

    made = vote(late, *crowd("AAB"), tie="first", name="v")
    async with bench.app() as app:
        handle = await app.start(made, "task")
        await bench.clock.advance(60)
        ballot = await handle.result()
    assert (ballot.decision, list(ballot.votes)) == ("B", ["late", "0", "1", "2"])


async def test_an_agent_breaks_a_tie_and_is_told_what_is_tied(bench: Bench) -> None:
    seen: list[object] = []

    @agent
    async def chair(task: str, options: list[str], votes: dict[str, str | None]) -> str:
        seen.extend([task, options, votes])
        return options[1]

    ballot = await decided(bench, *crowd("AB-"), tie=chair)
    assert seen == ["task", ["A", "B"], {"0": "A", "1": "B", "2": None}]
    assert ballot.decision == "B"
    assert ballot.why == '"A" and "B" have 1 of 2 votes each; chair decided for "B".'


async def test_a_tie_cannot_be_broken_by_what_is_not_tied(bench: Bench) -> None:
    message = await undecided(bench, *crowd("ABC"), decide="plurality", tie=says("chair", "D"), corrections=0)
    assert 'chair, its tie-breaker, chose "D", which is none of "A", "B", "C"' in message


async def test_two_halves_tie_a_majority_and_more_than_two_do_not(bench: Bench) -> None:
    assert (await decided(bench, *crowd("AABB"), tie="first")).decision == "A"
    assert "no option" in await undecided(bench, *crowd("AABBC"), tie="first")


async def test_each_voter_is_asked_in_turn_as_often_as_is_told(bench: Bench) -> None:
    ballot = await decided(bench, says("a", "A", "B", "B"), says("b", "B", "A", "B"), times=3)
    assert ballot.votes == {"a": "A", "b": "B", "a#2": "B", "b#2": "A", "a#3": "B", "b#3": "B"}


async def test_equal_json_is_one_option_and_values_come_back_typed(bench: Bench) -> None:
    @dataclass
    class Choice:
        city: str
        days: int

    @agent
    async def one(task: str) -> Choice:
        return Choice(city=task, days=2)

    @agent
    async def other(task: str) -> dict[str, Json]:
        return {"days": 2.0, "city": task}

    both: list[Agent[Any, Any]] = [one, other]
    async with bench.app() as app:
        mixed = await app.run(vote(*both, name="mixed"), "Rome")
        typed = await app.run(vote(one, name="typed"), "Rome")
    assert len(mixed.counts) == 1
    assert typed.decision == Choice(city="Rome", days=2)


async def test_voters_are_told_the_options_each_in_its_way(bench: Bench) -> None:
    seen: list[object] = []

    @agent
    async def by_name(task: str, options: list[str]) -> str:
        seen.append((task, options))
        return "A"

    @agent
    async def by_text(prompt: str) -> str:
        seen.append(prompt)
        return "A"

    @agent
    async def by_task(task: list[int]) -> str:
        seen.append(task)
        return "A"

    await decided(bench, by_name, by_text, options=["A", "B"], quorum=2)
    async with bench.app() as app:
        await app.run(vote(by_task, options=["A", "B"], name="w"), [1])
    assert seen == [("task", ["A", "B"]), 'task:\ntask\n\noptions:\n[\n  "A",\n  "B"\n]', [1]]


def sleepers(bench: Bench) -> list[Agent[Any, Any]]:
    return [hanging(f"h{number}", witness=bench.witness) for number in range(5)]


async def test_as_many_are_asked_at_once_as_a_decision_needs_at_least(bench: Bench) -> None:
    await bench.parked(vote(*sleepers(bench), name="v"), "task")
    assert [line.split()[0] for line in bench.witness.lines()] == ["h0", "h1", "h2"]


async def test_at_most_as_many_as_is_told_are_asked_at_once(bench: Bench) -> None:
    await bench.parked(vote(*sleepers(bench), at_once=2, name="v"), "task")
    assert [line.split()[0] for line in bench.witness.lines()] == ["h0", "h1"]


async def test_a_dissent_lets_one_more_be_asked_while_others_are_at_work(bench: Bench) -> None:
    hang = sleepers(bench)
    await bench.parked(vote(*crowd("AB"), *hang, name="v"), "task")
    assert [line.split()[0] for line in bench.witness.lines()] == ["h0", "h1", "h2"]


async def test_who_is_still_at_work_when_it_is_settled_is_let_go_and_named(bench: Bench) -> None:
    ballot = await decided(bench, hanging("slow"), *crowd("AA"), at_once=3)
    assert ballot.abstained == {"slow": "it was still at work when the outcome was settled"}
    assert (ballot.votes["slow"], ballot.not_asked) == (None, [])


async def test_with_confidence_agreement_needs_fewer_votes(bench: Bench) -> None:
    ballot = await decided(bench, says("one", *"AAAA"), times=15, confidence=0.95)
    assert (ballot.decision, len(ballot.votes), len(ballot.not_asked)) == ("A", 4, 11)
    assert ballot.why == '"A" has 4 of 4 votes, and is ahead with a certainty of 0.9688.'


async def test_with_confidence_dissent_needs_more(bench: Bench) -> None:
    ballot = await decided(bench, says("one", *"ABAAAAA"), times=15, confidence=0.95)
    assert ballot.counts == [Tally(option="A", weight=6.0, votes=6), Tally(option="B", weight=1.0, votes=1)]


async def test_a_run_goes_on_with_the_votes_it_has(bench: Bench) -> None:
    @agent
    async def seen(task: str) -> str:
        bench.witness.saw("seen")
        return "A"

    @workflow
    async def person(ctx: Context, task: str) -> str:
        return await ctx.signal("vote", str)

    made = vote(seen, person, name="v")
    run = await bench.parked(made, "task", person)
    async with bench.app(made, person) as app:
        await (await app.handle(run)).signal("vote", "A")
        ballot = await (await app.handle(run)).result()
    assert (ballot.decision, bench.witness.count("seen")) == ("A", 1)


async def test_a_vote_is_a_voter_of_another_one(bench: Bench) -> None:
    @agent
    async def reader(ballot: Ballot[str]) -> str:
        return ballot.decision

    inner = sequence(vote(*crowd("BBB")), reader, name="inner")
    assert (await decided(bench, inner, says("x", "A"), says("y", "B"))).decision == "B"


@given(
    votes=st.lists(st.sampled_from([*"AB", None]), min_size=1, max_size=9),
    heavy=st.integers(1, 3),
    decide=st.sampled_from(["majority", "plurality", "unanimous", 0.6]),
    tie=st.sampled_from(["none", "first"]),
    at_once=st.none() | st.integers(1, 9),
)
@settings(max_examples=examples(60))
def test_it_decides_what_a_count_of_all_votes_decides(
    votes: list[str | None], heavy: int, decide: Any, tie: Any, at_once: int | None
) -> None:
    async def ballot() -> Ballot[Any] | None:
        voters = [says(f"{number}", letter) for number, letter in enumerate(votes)]
        made = vote(*voters, decide=decide, tie=tie, at_once=at_once, weights={"0": heavy}, name="v")
        async with App.open(":memory:") as app:
            try:
                return await app.run(made, "task")
            except RunFailed:
                return None

    found = asyncio.run(ballot())
    weights = [Fraction(heavy), *[Fraction(1)] * (len(votes) - 1)]
    assert (found and found.decision) == brute(votes, weights, BallotRules(decide=decide, tie=tie))


@given(votes=st.lists(st.sampled_from("AAAB"), min_size=15, max_size=15), confidence=st.sampled_from([0.8, 0.95]))
@settings(max_examples=examples(30))
def test_nothing_is_bought_after_it_is_settled(votes: list[str], confidence: float) -> None:
    async def ballot() -> Ballot[Any]:
        made = vote(says("one", *votes), times=15, confidence=confidence, at_once=1, name="v")
        async with App.open(":memory:") as app:
            return await app.run(made, "task")

    found = asyncio.run(ballot())
    count = Count(rules=BallotRules(confidence=confidence), weights=[Fraction(1)] * 15, votes={})
    for number, choice in enumerate(found.votes.values()):
        assert count.settled() is None
        count = count.plus(number, choice)
    assert count.settled() == Decided(option=found.decision)
