"""`vote`: one votes for none of the options, one for nothing, the others tie, and an agent decides."""

from podium import agent
from podium.patterns.vote import vote
from tests.catalogue.entry import Entry


@agent
async def vote_yes(task: str, options: list[str]) -> str:
    return options[0]


@agent
async def vote_no(task: str, options: list[str]) -> str:
    return options[1]


@agent
async def vote_nothing(task: str) -> str | None:
    return None


@agent
async def vote_chair(options: list[str], votes: dict[str, str | None]) -> str:
    return max(options, key=list(votes.values()).index)


ENTRY = Entry(
    build=lambda slot: vote(
        vote_yes, slot, vote_nothing, vote_no, options=["yes", "no"], tie=vote_chair, quorum=2, at_once=2
    ),
    gives={
        "decision": "no",
        "counts": [{"option": "yes", "weight": 1.0, "votes": 1}, {"option": "no", "weight": 1.0, "votes": 1}],
        "votes": {"vote_yes": "yes", "echo": None, "vote_nothing": None, "vote_no": "no"},
        "abstained": {
            "echo": r'"echo task:\ngo\n\noptions:\n[\n  \"yes\",\n  \"no\"\n]" is none of the options',
            "vote_nothing": "it gave no vote",
        },
        "not_asked": [],
        "why": '"yes" and "no" have 1 of 2 votes each; vote_chair decided for "no".',
    },
)
