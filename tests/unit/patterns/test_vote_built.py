"""`vote`, when it is built: what is refused, its types, its spec and its picture."""

from typing import Any

import pytest

from podium import Agent, agent
from podium.errors import PatternError
from podium.patterns import Ballot, Pattern, vote
from podium.testing import scripted


def crowd(votes: str) -> list[Agent[Any, Any]]:
    return [scripted(f"{number}", [letter]) for number, letter in enumerate(votes)]


@agent
async def words(task: str) -> str:
    return task


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"times": 0}, "vote was given times=0: expected at least 1"),
        ({"at_once": 0}, "vote was given at_once=0: expected at least 1"),
        ({"quorum": 0}, "vote was given quorum=0: expected at least 1"),
        ({"quorum": 3}, "quorum=3, and there are 2 votes: expected at most that many"),
        ({"decide": "most"}, "decide='most': expected 'majority' or 'plurality' or 'unanimous' or a number"),
        ({"decide": 1.5}, "decide=1.5: expected majority"),
        ({"decide": 0.0}, "decide=0.0: expected majority"),
        ({"confidence": 0.5}, "confidence=0.5: expected more than 0.5 and less than 1"),
        ({"confidence": 1.0}, "confidence=1.0: expected more than 0.5 and less than 1"),
        ({"confidence": 0.9, "weights": {"0": 2}}, "vote cannot count with confidence where votes have weights"),
        ({"confidence": 0.9, "decide": "unanimous"}, "vote cannot decide by 'unanimous' with confidence"),
        ({"weights": {"z": 2}}, "vote: weights names z; there is 0, 1"),
        ({"weights": {"0": 0}}, "vote was given the weight 0 for 0: expected a number above 0"),
        ({"options": ["A"]}, r"options=\['A'\]: expected at least 2, all different"),
        ({"options": [1, 1.0, 2]}, r"options=\[1, 1.0, 2\]: expected at least 2, all different"),
        ({"tie": 5}, "vote was given 5 as its tie-breaker"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        vote(*crowd("AB"), **options)


def test_a_vote_needs_a_voter() -> None:
    with pytest.raises(PatternError, match="vote needs at least 1 voters, got 0"):
        vote()


def test_a_voter_that_needs_options_is_refused_where_there_are_none() -> None:
    @agent
    async def picky(task: str, options: list[str]) -> str:
        return options[0]

    with pytest.raises(PatternError, match="picky, its voter, needs options, and is offered task"):
        vote(picky)


def test_voters_that_take_different_tasks_are_refused() -> None:
    @agent
    async def numbers(task: int) -> str:
        return str(task)

    @agent
    async def lists(task: list[int]) -> str:
        return str(task)

    both: list[Agent[Any, str]] = [numbers, lists]
    with pytest.raises(PatternError, match="numbers and lists are told the same task, but take different ones"):
        vote(*both)


def test_it_takes_what_its_voters_take_and_who_takes_a_text_takes_anything() -> None:
    @agent
    async def numbers(task: int) -> str:
        return str(task)

    both: list[Agent[Any, str]] = [words, numbers]
    assert vote(*both).input.type is int
    assert vote(words).input.type is str


def test_it_is_written_down_with_the_options_it_was_given() -> None:
    made: Pattern[Any, Ballot[Any]] = vote("a", "b", decide=0.6, tie="chair", options=["x", "y"], name="v")
    assert made.spec() == {
        "vote": {"voters": ["a", "b"], "decide": 0.6, "tie": "chair", "options": ["x", "y"], "name": "v"}
    }


def test_its_picture_shows_the_voters_and_who_breaks_a_tie() -> None:
    assert vote("a", "b", tie="chair").graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["vote"]',
        '        n2["voter 1: a"]',
        '        n3["voter 2: b"]',
        '        n4["tie-breaker: chair"]',
        '        n2 -->|"a tie"| n4',
        '        n3 -->|"a tie"| n4',
        "    end",
    ]
