"""Three analysts compete on one question, buy or leave it, and a judge picks the best argued answer.

The companies in `data/investment` are made up: harrow and kestrel. This is an example of a pattern, and no advice.

podium run examples/teams/investment.py --input '"kestrel"'
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Literal

from podium import agent
from podium.patterns import Ruling, ensemble

FOLDER = Path(__file__).parent / "data" / "investment"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What an analyst advises, and why: each reason is a figure that can be checked."""

    advice: Literal["buy", "leave"]
    reasons: dict[str, float]


def quarters(company: str) -> list[dict[str, float]]:
    with (FOLDER / f"{company}.csv").open(encoding="utf-8", newline="") as file:
        return [
            {name: float(value) for name, value in row.items() if name != "quarter"} for row in csv.DictReader(file)
        ]


def growth(values: list[float]) -> float:
    """The growth from the first year to the second."""
    return mean(values[4:]) / mean(values[:4]) - 1


@agent
def fundamentals(company: str) -> Opinion:
    """Looks at what the company earns, and what it owes."""
    rows = quarters(company)
    profit, debt = growth([row["profit"] for row in rows]), rows[-1]["debt"] / sum(row["profit"] for row in rows[4:])
    advice = "buy" if profit > 0.05 and debt < 3 else "leave"
    return Opinion(advice=advice, reasons={"profit growth": round(profit, 3), "years of profit owed": round(debt, 2)})


@agent
def momentum(company: str) -> Opinion:
    """Looks at the price alone: what rises, rises."""
    prices = [row["price"] for row in quarters(company)]
    rise = prices[-1] / mean(prices[-4:]) - 1
    return Opinion(advice="buy" if rise > 0 else "leave", reasons={"price above its mean": round(rise, 3)})


@agent
def value(company: str) -> Opinion:
    """Looks at how much a coin of profit costs, now and before."""
    rows = quarters(company)
    now, before = rows[-1]["price"] / rows[-1]["profit"], mean(row["price"] / row["profit"] for row in rows[:4])
    return Opinion(
        advice="buy" if now < before * 1.2 else "leave", reasons={"price of profit, to before": round(now / before, 2)}
    )


@agent
def judge(task: str, candidates: dict[str, Opinion]) -> Ruling:
    """Trusts what rests on most that the business itself shows, and holds each reason against the books."""
    rows = quarters(task)
    margin = growth([row["profit"] / row["revenue"] for row in rows])
    sound: Literal["buy", "leave"] = "buy" if margin > 0 else "leave"
    scores = {
        label: 2 * (opinion.advice == sound) + len([name for name in opinion.reasons if "profit" in name])
        for label, opinion in candidates.items()
    }
    winner = max(sorted(scores), key=lambda label: scores[label])
    rests = ", ".join(candidates[winner].reasons)
    why = f"The margin changed by {margin:.0%}, which speaks for {sound}; {winner} rests on {rests}."
    return Ruling(winner=winner, reasons=why, scores={label: float(score) for label, score in scores.items()})


investment = ensemble(fundamentals, momentum, value, judge=judge, name="investment")
