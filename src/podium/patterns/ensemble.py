"""`ensemble`: several compete on the same task, a judge picks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Unpack

from podium.engine.context import Context
from podium.errors import BadAnswer
from podium.model.agent import is_agent
from podium.patterns.building.expression import rule
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.members import GivingAgent, Kind, Member, applied, at_least, either, gives, members
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.reading import reading
from podium.patterns.building.role import Role, shared_task
from podium.patterns.parts.joining import Terms, join
from podium.patterns.parts.judging import Judged, Ruling, judged

T = TypeVar("T")
Picking = Callable[[Context, object, Mapping[str, object]], Awaitable[Judged]]
"""Picks the best of the answers to a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(TeamResult, Generic[T]):
    """The best answer, and why it is that."""

    winner: str
    """The name of the agent whose answer it is."""
    value: T
    reasons: str
    """As the judge wrote them: `labels` says who is meant."""
    scores: dict[str, float]
    """How good each answer is, by the agent's name, where the judge told; larger is better."""
    labels: dict[str, str]
    """The label under which the judge saw each agent's answer; empty where no agent judged."""
    missing: dict[str, str]
    """Who gave no answer, and why."""

    @property
    def last(self) -> T:
        """The best answer."""
        return self.value


@pattern
def ensemble(
    *contestants: GivingAgent[T] | str, judge: Member | Callable[[T], float], at_once: int | None = None,
    name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Chosen[T]]:  # fmt: skip
    """Several do the same task, at most `at_once` at a time, and a judge picks the best answer; gives a Chosen.

    A contestant takes the task, or a parameter `task`. The judge is a rule of the `answer` that gives a number (the
    largest wins; of equal ones the first in the order of the contestants), or an agent. That one takes `task` and
    `candidates`, a mapping of label to answer: as parameters of these names, as a text, or as a mapping of both. It
    gives a Ruling, or JSON of that form: `{"winner": label, "reasons": text, "scores": {label: number}}`. The labels
    are letters and their order is drawn by lot, so that no name and no place is favoured (position bias: Zheng et al.
    2023, arXiv 2306.05685).

    A contestant that fails is left out. One whose answer the rule cannot read is told and asked again; then it has no
    score. The only one that is left wins without a judge. Raises NoDecision where none
    is left, and where the winner is none of the labels; BadAnswer where the ruling cannot be read.
    """
    at_least("ensemble", "at_once", 1 if at_once is None else at_once)
    roles = [
        Role[object]("ensemble", "contestant", each, offers=("task",))
        for each in members("ensemble", contestants, least=2, what="contestants")
    ]
    kind = either(gives(role.member) for role in roles)
    judging, pick, worth = _judge(judge, kind)
    terms = Terms(partial=True, at_once=at_once, pattern="ensemble")

    async def body(ctx: Context, task: object, so_far: SoFar[dict[str, object]]) -> object:
        joined = await join(ctx, {role.who: role.call(ctx, task, None, worth, task=task) for role in roles}, terms)
        so_far.reached(joined.values)
        found = await pick(ctx, task, joined.values) if len(joined.values) > 1 else _alone(joined.values)
        return Chosen(
            winner=found.winner, value=joined.values[found.winner], reasons=found.reasons, scores=found.scores,
            labels=found.labels, missing=joined.missing,
        )  # fmt: skip

    parts = {f"contestant {number}": role.member for number, role in enumerate(roles, 1)}
    links = [Link(each, "judge") for each in parts] if judging else []
    sketch = Sketch(parts={**parts, "judge": judging.member} if judging else parts, links=links)
    return Pattern(
        body, kind="ensemble", name=name, card=card, sketch=sketch, takes=shared_task("ensemble", roles),
        gives=applied(Chosen, kind), has=applied(dict, str, kind),
    )  # fmt: skip


def _judge(
    judge: Member | Callable[[Any], float], kind: Kind
) -> tuple[Role[Ruling] | None, Picking, Callable[[object], float] | None]:
    """Return who judges, None where it is a rule, how, and what that rule makes of an answer."""
    if isinstance(judge, str) or is_agent(judge) or not callable(judge):
        role = Role[Ruling]("ensemble", "judge", judge, offers=("task", "candidates"), gives=Ruling)

        async def ask(ctx: Context, task: object, answers: Mapping[str, object]) -> Judged:
            return await judged(ctx, role, "candidates", answers, task=task)

        return role, ask, None
    score = rule(judge, answer=kind)

    def number(answer: object) -> float:
        return float(score(answer))

    worth = reading("ensemble", "judge", number)

    async def rate(_ctx: Context, _task: object, answers: Mapping[str, object]) -> Judged:
        scores, unread = dict[str, float](), list[BadAnswer]()
        for name, answer in answers.items():
            try:
                scores[name] = worth(answer)
            except BadAnswer as error:
                unread.append(error)
        if not scores:
            raise unread[0]
        winner = max(scores, key=lambda name: scores[name])
        return Judged(winner=winner, reasons=f"It has the highest score, {scores[winner]:g}.", scores=scores)

    return None, rate, worth


def _alone(answers: Mapping[str, object]) -> Judged:
    (winner,) = answers
    return Judged(winner=winner, reasons="Nobody else gave an answer.")
