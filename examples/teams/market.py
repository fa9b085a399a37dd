"""A market is looked at from four sides at once, and one analyst makes a memo of what was found.

What a source does not have is told in the memo instead of holding it up. The data in `data/market` is made up.

podium run examples/teams/market.py --input '"cargo bikes"'
"""

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from podium import agent
from podium.patterns import parallel

FOLDER = Path(__file__).parent / "data" / "market"
COMPLAINTS = {
    "brakes": r"brakes",
    "battery": r"battery (?:dead|lasts)",
    "spare parts": r"spare parts|repairs",
    "weight": r"heavy|lift",
}
HELPS = re.compile(r"\bpays|parking|lane")


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one source says: findings in words, and figures by name."""

    source: str
    findings: list[str]
    figures: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Memo:
    """What a product manager reads."""

    market: str
    advice: list[str]
    price: list[float]
    """From and to, in euros."""


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@agent
def prices(market: str) -> Side:
    """What the competitors ask now, and how much less than half a year ago."""
    by_month: dict[str, list[float]] = {}
    for row in rows("prices.csv"):
        by_month.setdefault(row["month"], []).append(float(row["price"]))
    first, last = by_month[min(by_month)], by_month[max(by_month)]
    fall = 1 - mean(last) / mean(first)
    figures = {"lowest": min(last), "median": median(last), "fall": round(fall, 3)}
    return Side(source="prices", findings=[f"Prices fell by {fall:.0%} in half a year."], figures=figures)


@agent
def reviews(market: str) -> Side:
    """What buyers complain of."""
    said = [json.loads(line) for line in (FOLDER / "reviews.jsonl").read_text(encoding="utf-8").splitlines()]
    poor = [review for review in said if review["stars"] <= 3]
    named = Counter(
        name for review in poor for name, sign in COMPLAINTS.items() if re.search(sign, review["text"].lower())
    )
    worst = [name for name, _ in named.most_common(2)]
    findings = [f"{named[name]} of {len(poor)} poor reviews name {name}." for name in worst]
    return Side(source="reviews", findings=findings, figures={"stars": round(mean(each["stars"] for each in said), 2)})


@agent
def demand(market: str) -> Side:
    """Whether more people look for it, from month to month."""
    counts = [int(row["searches"]) for row in rows("searches.csv")]
    growth = (counts[-1] / counts[0]) ** (1 / (len(counts) - 1)) - 1
    return Side(
        source="demand", findings=[f"Searches grow by {growth:.0%} a month."], figures={"growth": round(growth, 3)}
    )


@agent
def news(market: str) -> Side:
    """What happened that helps or hurts."""
    lines = (FOLDER / "news.txt").read_text(encoding="utf-8").splitlines()
    helps = [line.partition(" ")[2] for line in lines if HELPS.search(line)]
    return Side(source="news", findings=helps, figures={"helps": len(helps), "events": len(lines)})


@agent
def patents(market: str) -> Side:
    """What others have protected: a source that is not there today."""
    raise FileNotFoundError(f"the patent register has nothing on {market} yet")


@agent
def analyse(task: str, values: list[Side]) -> Memo:
    """Make one memo of all sides: a price below the median where prices fall, and the complaints as chances."""
    sides = {side.source: side for side in values}
    price = sides["prices"].figures
    top = price["median"] * (1 - price["fall"]) if sides["demand"].figures["growth"] > 0 else price["lowest"]
    advice = [finding for side in values for finding in side.findings]
    return Memo(market=task, advice=advice, price=[round(price["lowest"], -1), round(top, -1)])


market = parallel(prices, reviews, demand, news, patents, merge=analyse, partial=True, name="market")
