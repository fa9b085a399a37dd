"""The twelve teams: what each is asked, what its members are told and do, and what has to come of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.teams.script import Heard, Role, Turn, needs, says


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team: the name of its folder, what it is, and how to tell that it works."""

    name: str
    what: str
    task: str
    outcome: str
    roles: Sequence[Role]
    asks: bool = False
    """Whether it stops to ask a person, and is finished by another process: `start` and `finish` in place of `run`."""


def _sequence() -> Team:
    draft = "Tea is a drink that a great many people all over the world are fond of."
    return Team(
        name="sequence",
        what="a writer, then an editor",
        task="Tea",
        outcome="Many people like tea.",
        roles=[
            Role(instructions="Write one sentence about the topic.", rule=needs(draft, "Tea")),
            Role(instructions="Shorten the sentence that you are given.", rule=needs("Many people like tea.", draft)),
        ],
    )


def _parallel() -> Team:
    found = ("It comes from Yunnan.", "China sells most of it.", "It has less caffeine than coffee.")
    told = ("Say where it comes from.", "Say who sells it.", "Say what is in it.")
    outcome = "From Yunnan, sold by China, milder than coffee."
    return Team(
        name="parallel",
        what="three researchers side by side, then a summary",
        task="Tea",
        outcome=outcome,
        roles=[
            *(Role(instructions=each, rule=needs(text, "Tea")) for each, text in zip(told, found, strict=True)),
            Role(instructions="Sum up the findings in one sentence.", rule=needs(outcome, *found)),
        ],
    )


def _route() -> Team:
    return Team(
        name="route",
        what="a router sends the task to one of two specialists",
        task="I was charged twice.",
        outcome="The second charge is paid back.",
        roles=[
            Role(
                instructions="Say which desk the customer needs: billing or technical.",
                rule=lambda _: Turn(text="billing", uses=[("billing", {})], fields={"desk": "billing"}),
            ),
            Role(
                instructions="You answer questions about bills.",
                rule=needs("The second charge is paid back.", "I was charged twice."),
            ),
            Role(instructions="You answer technical questions.", rule=needs("Restart it.", "technical")),
        ],
    )


def _supervisor() -> Team:
    found = {"flights": "Flight LX 318 at nine.", "hotels": "A room in the Hotel Roma."}

    def manage(heard: Heard) -> Turn:
        open_work = [(worker, {"input": "Rome"}) for worker, text in found.items() if text not in heard]
        if open_work:
            assignments = [{"to": worker, "input": "Rome"} for worker, _ in open_work]
            return Turn(text="", uses=open_work, fields={"assignments": assignments})
        return says("Take LX 318, and stay in the Hotel Roma.")

    return Team(
        name="supervisor",
        what="a manager delegates to two workers",
        task="Plan a trip to Rome.",
        outcome="Take LX 318, and stay in the Hotel Roma.",
        roles=[
            Role(instructions="You plan trips. Have your workers look things up.", rule=manage),
            Role(instructions="You find flights.", rule=needs(found["flights"], "Rome")),
            Role(instructions="You find hotels.", rule=needs(found["hotels"], "Rome")),
        ],
    )


def _handoff() -> Team:
    def hands(to: str, why: str) -> Turn:
        return Turn(text=why, uses=[(to, {"reason": why})], fields={"to": to, "reason": why})

    def triage(heard: Heard) -> Turn:
        if "Order 7 is paid back." in heard:
            return says("Order 7 is paid back. Anything else?")
        return hands("billing", "A refund is wanted.")

    return Team(
        name="handoff",
        what="triage hands over to billing, billing to refunds, refunds back to triage",
        task="Please cancel order 7.",
        outcome="Order 7 is paid back. Anything else?",
        roles=[
            Role(instructions="You receive customers. Hand over what others do, and say goodbye.", rule=triage),
            Role(
                instructions="You explain bills. Hand refunds over.", rule=lambda _: hands("refunds", "Cancel order 7.")
            ),
            Role(
                instructions="You pay money back. Hand the customer back when it is done.",
                rule=lambda _: hands("triage", "Order 7 is paid back."),
            ),
        ],
    )


def _round_robin() -> Team:
    def design(heard: Heard) -> Turn:
        return says("Then blue it is. AGREED" if "Blue is cheaper." in heard else "Shall it be red?")

    return Team(
        name="round_robin",
        what="two speak by turns until one says the closing phrase",
        task="Which colour?",
        outcome="Then blue it is. AGREED",
        roles=[
            Role(instructions="You design. Say AGREED once you both want the same.", rule=design),
            Role(instructions="You build. Say what is cheaper.", rule=needs("Blue is cheaper.", "Shall it be red?")),
        ],
    )


def _selector() -> Team:
    said = ("I take the oven.", "I checked it: it is clean.")

    def choose(heard: Heard) -> Turn:
        who = "checker" if said[0] in heard and said[1] not in heard else "planner"
        return Turn(text=who, fields={"next_speaker": who, "terminate": False, "reason": "", "final_message": None})

    def plan(heard: Heard) -> Turn:
        return says("Then we bake. DONE" if said[1] in heard else said[0])

    return Team(
        name="selector",
        what="a model chooses who of three speaks next, until one says the closing phrase",
        task="Prepare the bakery.",
        outcome="Then we bake. DONE",
        roles=[
            Role(instructions="Choose who speaks next: planner, checker or seller.", rule=choose),
            Role(instructions="You plan. Say DONE once all is checked.", rule=plan),
            Role(instructions="You check what was planned.", rule=needs(said[1], said[0])),
            Role(instructions="You sell.", rule=needs("Sold.", "DONE")),
        ],
    )


def _refine() -> Team:
    first, second = "Our tea is really and truly very good tea.", "Good tea."

    def write(heard: Heard) -> Turn:
        return says(second if "Too long." in heard else first)

    def criticise(heard: Heard) -> Turn:
        good = second in heard
        remark = "ACCEPTED" if good else "Too long."
        return Turn(text=remark, fields={"accepted": good, "remark": remark})

    return Team(
        name="refine",
        what="a writer and a critic, until it is accepted, at most three times",
        task="A slogan for tea",
        outcome=second,
        roles=[
            Role(instructions="Write a slogan. Heed what the critic says.", rule=write),
            Role(instructions="Judge the slogan: say ACCEPTED, or what is wrong.", rule=criticise),
        ],
    )


def _debate() -> Team:
    positions = {"pro": "Take the train: it is calm.", "con": "Take the plane: it is quick."}
    at_last = {"pro": "Take the train: it goes from the centre.", "con": "Take the plane: it is cheap."}

    def none_of(side: str, heard: Heard) -> bool:
        return positions[side] not in heard and at_last[side] not in heard

    def argue(side: str, other: str) -> Role:
        return Role(
            instructions=f"You are for the {'train' if side == 'pro' else 'plane'}. Say why in one sentence.",
            rule=lambda heard: says(positions[side] if none_of(other, heard) else at_last[side]),
        )

    def judge(heard: Heard) -> Turn:
        best = at_last["pro"]
        if best not in heard or at_last["con"] not in heard:
            return says(f"MISSING: {at_last}")
        label = re.search(r'"?(\w+)"?: "?' + re.escape(best), heard.all)
        return says(best, winner=label.group(1) if label else best)

    return Team(
        name="debate",
        what="two argue, each hears the other and speaks again, a judge decides",
        task="How do we get to Rome?",
        outcome=at_last["pro"],
        roles=[
            argue("pro", "con"),
            argue("con", "pro"),
            Role(instructions="Choose the better of the last two positions, in its own words.", rule=judge),
        ],
    )


def _vote() -> Team:
    votes = {"Decide by the tests: ship or wait.": "ship", "Decide by the risk: ship or wait.": "wait"}
    votes["Decide by the customers: ship or wait."] = "ship"

    def voter(instructions: str, choice: str) -> Role:
        return Role(instructions=instructions, rule=lambda _: says(choice, vote=choice))

    return Team(
        name="vote",
        what="three vote, the majority decides",
        task="Release 4 is built.",
        outcome="ship",
        roles=[voter(instructions, choice) for instructions, choice in votes.items()],
    )


def _plan() -> Team:
    fact, answer = "It opens at ten.", "The museum opens at ten."

    def progress(*, satisfied: bool, next: str) -> Turn:
        instruction = "Find out when it opens." if next == "researcher" else "Write it in one sentence."
        plain = {"satisfied": satisfied, "looping": False, "progressing": True, "next": next}
        nested = {
            "is_request_satisfied": satisfied,
            "is_in_loop": False,
            "is_progress_being_made": True,
            "next_speaker": next,
            "instruction_or_question": instruction,
        }
        told = {key: {"reason": "", "answer": value} for key, value in nested.items()}
        return Turn(text=json.dumps(told), fields={**plain, "instruction": instruction, **told})

    def lead(heard: Heard) -> Turn:
        if "pre-survey" in heard.last or "bullet-point plan" in heard.last:
            return plan(heard)
        if "provide the final answer" in heard.last:
            return says(answer)
        if answer in heard:
            return progress(satisfied=True, next="writer")
        return progress(satisfied=False, next="writer" if fact in heard else "researcher")

    def plan(_: Heard) -> Turn:
        return Turn(text="Look it up, then write it.", fields={"facts": "none", "plan": "Look it up, then write it."})

    own = ("pre-survey", "bullet-point plan", "is_request_satisfied", "provide the final answer")
    return Team(
        name="plan",
        what="a plan, a ledger of progress that says who goes on, two workers, a final answer",
        task="When does the museum open?",
        outcome=answer,
        roles=[
            Role(instructions="Note what is known, then plan.", rule=plan),
            Role(instructions="Say where the task stands, and who goes on.", rule=lead, prompts=own),
            Role(instructions="You look things up.", rule=needs(fact, "Find out when it opens.")),
            Role(instructions="You write.", rule=needs(answer, fact)),
            Role(instructions="Answer the task with what was found.", rule=needs(answer, fact)),
        ],
    )


def _approval() -> Team:
    def pay(heard: Heard) -> Turn:
        if "paid 20" in heard:
            return says("The invoice is paid.")
        asking = any("user" in tool for tool in heard.tools) and "Approved." not in heard
        return Turn(text="", uses=[("user", {}) if asking else ("pay", {"amount": 20})], fields={"amount": 20})

    return Team(
        name="approval",
        what="a tool is used once a person has said yes, to another process",
        task="Pay the invoice of 20 euros.",
        outcome="The invoice is paid.",
        roles=[Role(instructions="You pay invoices once a person has approved them.", rule=pay)],
        asks=True,
    )


TEAMS: Sequence[Team] = (
    _sequence(),
    _parallel(),
    _route(),
    _supervisor(),
    _handoff(),
    _round_robin(),
    _selector(),
    _refine(),
    _debate(),
    _vote(),
    _plan(),
    _approval(),
)
