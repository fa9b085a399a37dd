"""A payment is looked at by five checks; they vote, and none is asked that cannot change the outcome any more.

The payments in `data/fraud` are made up.

podium run examples/teams/fraud_check.py \\
  --input '{"customer": "c-17", "amount": 890, "kind": "electronics", "town": "Sel", "hour": 3}'
"""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, pstdev
from typing import Literal

from podium import agent
from podium.patterns import vote

HISTORY = Path(__file__).parent / "data" / "fraud" / "history.jsonl"
Opinion = Literal["fraud", "genuine"] | None
"""None is an abstention: the check does not know the customer."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A payment that somebody wants to make."""

    customer: str
    amount: float
    kind: str
    town: str
    hour: int


def paid_before(customer: str) -> list[Payment]:
    lines = HISTORY.read_text(encoding="utf-8").splitlines()
    return [payment for line in lines if (payment := Payment(**json.loads(line))).customer == customer]


def opinion(*, suspicious: bool) -> Opinion:
    return "fraud" if suspicious else "genuine"


@agent
def amount(payment: Payment) -> Opinion:
    """Whether it is far more than usual: three standard deviations above the mean."""
    usual = [before.amount for before in paid_before(payment.customer)]
    return opinion(suspicious=payment.amount > mean(usual) + 3 * pstdev(usual)) if usual else None


@agent
def place(payment: Payment) -> Opinion:
    """Whether the customer was ever in that town."""
    towns = {before.town for before in paid_before(payment.customer)}
    return opinion(suspicious=payment.town not in towns) if towns else None


@agent
def time_of_day(payment: Payment) -> Opinion:
    """Whether it is more than three hours from any hour at which the customer paid."""
    hours = [before.hour for before in paid_before(payment.customer)]
    away = [min(abs(payment.hour - hour), 24 - abs(payment.hour - hour)) for hour in hours]
    return opinion(suspicious=min(away) > 3) if away else None


@agent
def goods(payment: Payment) -> Opinion:
    """Whether it is for something that is easily sold on, and new for the customer."""
    kinds = {before.kind for before in paid_before(payment.customer)}
    return opinion(suspicious=payment.kind in {"electronics", "gift cards", "jewellery"} and payment.kind not in kinds)


@agent
def round_sum(payment: Payment) -> Opinion:
    """Whether it is a large round sum, as those who test a stolen card like it."""
    return opinion(suspicious=payment.amount >= 100 and payment.amount % 50 == 0)


fraud_check = vote(
    amount, place, time_of_day, goods, round_sum, weights={"amount": 2.0, "place": 1.5}, tie="first", quorum=2,
    name="fraud_check",
)  # fmt: skip
