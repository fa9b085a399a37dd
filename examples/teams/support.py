"""The same support team in three shapes: under a supervisor, handing over to each other, and as peers.

Three specialists know different things: only `account` knows when an account was closed, and `billing` needs that to
see which charges were wrong. The customers in `data/support` are made up.

podium run examples/teams/support.py:supervised \\
  --input '{"customer": "ada", "text": "You charged me after I closed my account, and your app crashes on my tablet."}'
podium run examples/teams/support.py:handed_over --input …   (the same)
podium run examples/teams/support.py:among_peers --input …
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium import agent
from podium.patterns import (
    Answer,
    Assignment,
    Delegate,
    Finish,
    HandOff,
    Outgoing,
    PeerReply,
    WorkReport,
    handoff,
    mesh,
    supervisor,
)

CUSTOMERS = json.loads((Path(__file__).parent / "data" / "support" / "customers.json").read_text(encoding="utf-8"))
FIXES = {"crash": "Update to version 4.2, which mends the crash.", "slow": "Clear the cache under Settings, Storage."}
ABOUT_MONEY = re.compile(r"charge|bill|refund|invoice", re.IGNORECASE)
ABOUT_FAULTS = re.compile("|".join(FIXES), re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a customer writes."""

    customer: str
    text: str


# What the three know. Each shape below only passes it on in another way.


def closing_date(customer: str) -> str | None:
    return CUSTOMERS[customer]["closed_on"]


def wrong_charges(customer: str, closed_on: str | None) -> str:
    charges = CUSTOMERS[customer]["charges"]
    wrong = {day: amount for day, amount in charges.items() if closed_on is not None and day > closed_on}
    if not wrong:
        return "All charges are right."
    return f"We return EUR {sum(wrong.values()):.2f}, charged on {' and '.join(wrong)}, after you left on {closed_on}."


def fix(text: str) -> str:
    return next((fix for sign, fix in FIXES.items() if sign in text.lower()), "")


# Under a supervisor: a manager sees the whole, the specialists only what they are asked.


@agent
def account(customer: str) -> str | None:
    """Knows plans and when an account was closed."""
    return closing_date(customer)


@agent
def billing(customer: str, closed_on: str | None = None) -> str:
    """Knows all charges; has to be told when an account was closed."""
    return wrong_charges(customer, closed_on)


@agent
def technical(text: str) -> str:
    """Knows the faults of the app."""
    return fix(text)


@agent
def manager(task: Ticket, reports: list[WorkReport]) -> Delegate | Finish:
    """Asks account and technical side by side, then billing with what account said, and answers."""
    known = {report.worker: report.output for report in reports}
    money, faults = ABOUT_MONEY.search(task.text), ABOUT_FAULTS.search(task.text)
    wanted = [Assignment(to="account", input=task.customer)] if money and "account" not in known else []
    if faults and "technical" not in known:
        wanted.append(Assignment(to="technical", input=task.text))
    if money and "account" in known and "billing" not in known:
        about = {"customer": task.customer, "closed_on": known["account"]}
        wanted.append(Assignment(to="billing", input=about))
    if wanted:
        return Delegate(assignments=wanted)
    return Finish(answer=" ".join(known[who] for who in ("billing", "technical") if known.get(who)))


supervised = supervisor(
    manager, [account, billing, technical], must_delegate=True, rounds=4, gives=str, name="supervised"
)


# Handing over: whoever has control does their part and passes on, with a note, what the next one needs.


def passed_on(note: HandOff | None) -> dict[str, Any]:
    return {} if note is None else dict(note.context)


@agent
def account_desk(task: Ticket, note: HandOff | None = None) -> HandOff | Answer:
    """Looks up when the account was closed."""
    known = {**passed_on(note), "closed_on": closing_date(task.customer)}
    if ABOUT_MONEY.search(task.text):
        return HandOff(to="billing_desk", reason="there is a charge to check", context=known)
    return HandOff(to="technical_desk", reason="it is about the app", context=known)


@agent
def billing_desk(task: Ticket, note: HandOff | None = None) -> HandOff | Answer:
    """Checks the charges."""
    known = passed_on(note)
    said = wrong_charges(task.customer, known["closed_on"])
    if ABOUT_FAULTS.search(task.text):
        return HandOff(to="technical_desk", reason="there is a fault too", context={**known, "billing": said})
    return Answer(answer=said)


@agent
def technical_desk(task: Ticket, note: HandOff | None = None) -> HandOff | Answer:
    """Knows the faults of the app."""
    return Answer(answer=" ".join(filter(None, (passed_on(note).get("billing", ""), fix(task.text)))))


handed_over = handoff(
    account_desk, billing_desk, technical_desk, needs={"billing_desk": ["closed_on"]},
    allowed={"account_desk": ["billing_desk", "technical_desk"], "billing_desk": ["technical_desk"]},
    hops=5, gives=str, name="handed_over",
)  # fmt: skip


# As peers: nobody is in charge; billing asks account itself, and waits for the answer.


@agent
def billing_peer(message: dict[str, Any], history: list[dict[str, Any]]) -> PeerReply:
    """Takes tickets; asks the others for what it does not know, and answers."""
    if message["type"] == "task":
        asks = [Outgoing(to="account_peer", type="when closed?", payload=message["payload"], requires_response=True)]
        asks.append(Outgoing(to="technical_peer", type="how to fix?", payload=message["payload"]))
        return PeerReply(messages=asks)
    seen = {each["type"]: each["payload"] for each in [*history, message]}
    if not {"closed on", "fix"} <= seen.keys():
        return PeerReply()
    said = wrong_charges(seen["task"]["customer"], seen["closed on"])
    return PeerReply(answer=" ".join(filter(None, (said, seen["fix"]))))


@agent
def account_peer(message: dict[str, Any]) -> PeerReply:
    """Knows when accounts were closed."""
    closed_on = closing_date(message["payload"]["customer"])
    return PeerReply(messages=[Outgoing(to=message["from"], type="closed on", payload=closed_on)])


@agent
def technical_peer(message: dict[str, Any]) -> PeerReply:
    """Knows the faults of the app."""
    return PeerReply(messages=[Outgoing(to=message["from"], type="fix", payload=fix(message["payload"]["text"]))])


among_peers = mesh(billing_peer, account_peer, technical_peer, hops=10, name="among_peers")
