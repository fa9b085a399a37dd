"""A question about sales is answered by tools that are picked step by step: what one finds says which is next.

The orchestrator keeps the two ledgers of Magentic-One; its workers are plain tools. The orders in `data/sales` are
made up.

podium run examples/teams/sales.py --input '"Why did sales fall?"'
"""

import csv
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from podium import agent
from podium.patterns import ProgressLedger, TaskLedger, magentic

ORDERS = Path(__file__).parent / "data" / "sales" / "orders.csv"
WORDS = re.compile(r"[a-z]+")


def revenue_by(*columns: str, where: dict[str, str] | None = None) -> dict[str, float]:
    """Sum up what was sold, by columns, of the orders that are `where` says."""
    sums: dict[str, float] = defaultdict(float)
    with ORDERS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if all(row[column] == wanted for column, wanted in (where or {}).items()):
                sums[" ".join(row[column] for column in columns)] += int(row["units"]) * float(row["price"])
    return dict(sums)


@agent
def trend(instruction: str) -> dict[str, Any]:
    """Shows revenue month by month, and where it fell."""
    months = revenue_by("month")
    names = sorted(months)
    falls = {after: round(months[after] - months[before]) for before, after in pairwise(names)}
    return {"month": min(falls, key=lambda month: falls[month]), "change": min(falls.values())}


@agent
def breakdown(instruction: str) -> dict[str, Any]:
    """Compares a month with the one before it, by region and product."""
    found = re.search(r"\d{4}-\d{2}", instruction)
    if found is None:
        raise ValueError("say which month, such as 2031-04")
    year, month = found[0].split("-")
    now = revenue_by("region", "product", where={"month": found[0]})
    before = revenue_by("region", "product", where={"month": f"{year}-{int(month) - 1:02d}"})
    changes = {part: round(now[part] - before[part]) for part in now}
    part = min(changes, key=lambda each: changes[each])
    return {"part": part, "change": changes[part]}


@agent
def history(instruction: str) -> list[float]:
    """Lists revenue of one region and product over all months."""
    region, product = WORDS.findall(instruction)[-2:]
    months = revenue_by("month", where={"region": region, "product": product})
    return [months[month] for month in sorted(months)]


@agent
def weather(instruction: str) -> str:
    """Tells how the weather was in a region."""
    raise ConnectionError("the weather service does not answer")


@agent
def analyst(
    step: str, task: str, workers: dict[str, str] | None = None, history: list[Any] | None = None
) -> TaskLedger | ProgressLedger | str:
    """Goes from the whole to the part: when did it fall, where, and since when."""
    if step == "plan":
        return TaskLedger(
            facts=f"Asked: {task}", plan="; then ".join(_fitting(wanted, workers or {}) for wanted in STEPS)
        )
    found = {entry["worker"]: entry["answer"] for entry in history or [] if entry["error"] is None}
    if step == "final":
        return _answer(found)
    wanted = [name for name in (_fitting(each, workers or {}) for each in STEPS) if name not in found]
    return ProgressLedger(
        satisfied=not wanted, looping=False, progressing=True, next=wanted[0] if wanted else "",
        instruction=" ".join(str(value) for answer in found.values() for value in _told(answer)) or task,
    )  # fmt: skip


STEPS = ("revenue month by month fell", "compares month region product", "lists revenue region product over months")
"""What has to be found out; the tools are searched for it by their descriptions."""


def _fitting(wanted: str, workers: dict[str, str]) -> str:
    """Return the tool whose description shares most words with what is wanted."""
    asked = set(WORDS.findall(wanted))
    return max(workers, key=lambda name: len(asked & set(WORDS.findall(workers[name].lower()))))


def _told(answer: dict[str, Any] | list[float]) -> list[Any]:
    return list(answer.values()) if isinstance(answer, dict) else []


def _answer(found: dict[str, Any]) -> str:
    if not {"trend", "breakdown", "history"} <= found.keys():
        return f"Not found out: only {', '.join(found) or 'nothing'} answered."
    part, months = found["breakdown"]["part"], found["history"]
    return (
        f"Sales fell in {found['trend']['month']} by EUR {-found['trend']['change']}; {part} alone lost EUR "
        f"{-found['breakdown']['change']}, and is at EUR {months[-1]:.0f} a month, from EUR {max(months):.0f}."
    )


sales = magentic(analyst, [trend, breakdown, history, weather], rounds=8, name="sales")
