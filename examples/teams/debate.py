"""Three estimators argue about how long a project takes, each knows something the others do not, until they agree.

The past jobs and the days off are made up.

podium run examples/teams/debate.py --input '{"tasks": {"design": 3, "build": 8, "test": 4}, "start": "2031-12-15"}'
"""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from statistics import median

from podium import agent
from podium.patterns import debate

PAST_JOBS = [(10, 13), (20, 31), (6, 7), (15, 21), (8, 12)]
"""Days that were planned, and days that it took."""
DAYS_OFF = {date(2031, 12, day) for day in (24, 25, 26, 31)} | {date(2032, 1, 1)}


@dataclass(frozen=True, kw_only=True)
class Project:
    """What is to be done: tasks with the days that those who do them think they take, and the day it begins."""

    tasks: dict[str, int]
    start: date


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """When it is done, and what was thought of."""

    thought_of: list[str]
    days: int
    done_on: date


def estimate(project: Project, thought_of: set[str]) -> Estimate:
    """Work out an estimate that thinks of these things."""
    days = sum(project.tasks.values())
    if "jobs take longer than planned" in thought_of:
        days = ceil(days * median(took / planned for planned, took in PAST_JOBS))
    if "a hand-over costs a day" in thought_of:
        days += max(0, len(project.tasks) - 1)
    day, left = project.start, days
    while left > 1:
        day += timedelta(days=1)
        off = "nobody works on weekends and days off" in thought_of and (day.weekday() > 4 or day in DAYS_OFF)
        left -= not off
    return Estimate(thought_of=sorted(thought_of), days=days, done_on=day)


def argue(
    mine: str, step: str, task: Project, positions: dict[str, Estimate], position: Estimate | None,
    criticisms: dict[str, list[str]],
) -> Estimate | list[str]:  # fmt: skip
    """Take one step for somebody who knows one thing: propose, tell the others what they left out, or take it up."""
    if step == "criticise":
        return [mine] if any(mine not in other.thought_of for other in positions.values()) else []
    known = set(position.thought_of) if position else {mine}
    return estimate(task, known | {claim for claims in criticisms.values() for claim in claims})


@agent
def historian(
    step: str, task: Project, positions: dict[str, Estimate] | None = None, position: Estimate | None = None,
    criticisms: dict[str, list[str]] | None = None,
) -> Estimate | list[str]:  # fmt: skip
    """Knows how past jobs went."""
    return argue("jobs take longer than planned", step, task, positions or {}, position, criticisms or {})


@agent
def foreman(
    step: str, task: Project, positions: dict[str, Estimate] | None = None, position: Estimate | None = None,
    criticisms: dict[str, list[str]] | None = None,
) -> Estimate | list[str]:  # fmt: skip
    """Knows what happens between two tasks."""
    return argue("a hand-over costs a day", step, task, positions or {}, position, criticisms or {})


@agent
def secretary(
    step: str, task: Project, positions: dict[str, Estimate] | None = None, position: Estimate | None = None,
    criticisms: dict[str, list[str]] | None = None,
) -> Estimate | list[str]:  # fmt: skip
    """Keeps the calendar."""
    return argue("nobody works on weekends and days off", step, task, positions or {}, position, criticisms or {})


estimating = debate(historian, foreman, secretary, rounds=2, name="estimating")
