"""`ensemble`: one that an agent judges, whose places are drawn, competes in one that a rule judges."""

from podium import agent
from podium.errors import Refusal
from podium.patterns.ensemble import Chosen, ensemble
from podium.patterns.parts.judging import Ruling
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def ensemble_plain(task: str) -> str:
    return f"plain {task}"


@agent
async def ensemble_bold(task: str) -> str:
    return f"**bold {task}**"


@agent
async def ensemble_mute(task: str) -> str:
    raise Refusal("no word")


@agent
async def ensemble_judge(task: str, candidates: dict[str, str]) -> Ruling:
    best = max(candidates, key=lambda label: len(candidates[label]))
    return Ruling(winner=best, reasons="the longest", scores={best: 1.0})


def value_of(chosen: Chosen[str]) -> str:
    return chosen.value


def stars(answer: str) -> float:
    return answer.count("*")


longest = ensemble(ensemble_plain, ensemble_mute, ensemble_bold, judge=ensemble_judge, at_once=2)
inner = sequence(longest, value_of, name="ensemble_inner")

ENTRY = Entry(
    build=lambda slot: ensemble(slot, inner, judge=stars),
    gives={
        "winner": "ensemble_inner",
        "value": "**bold go**",
        "reasons": "It has the highest score, 4.",
        "scores": {"echo": 0.0, "ensemble_inner": 4.0},
        "labels": {},
        "missing": {},
    },
)
