"""Parts of what facts say that several of them have."""

from typing import Annotated

from podium.model.budget import BudgetLine, line_json, line_of
from podium.model.facts.content import Form, Mark, left_by, masked_by
from podium.model.fallback import Degraded
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.question import PersonAnswer

_OF_DEGRADED = {"key": Mark.KEEP, "agent": Mark.KEEP, "by": Mark.KEEP, "why": Mark.BLANK}
_OF_ANSWER = {"by": Mark.KEEP, "value": Mark.DROP, "at": Mark.KEEP, "approved": Mark.KEEP}


def usage_json(usage: Usage) -> Json:
    """Return usage as a fact says it."""
    said = {
        "model": usage.model,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "requests": usage.requests,
        "usd": usage.usd,
    }
    if usage.cpu_seconds or usage.gb_seconds:
        said |= {"cpu_seconds": usage.cpu_seconds, "gb_seconds": usage.gb_seconds}
    if usage.in_doubt:
        said["in_doubt"] = True
    return said


def usage_of(said: Json) -> Usage:
    """Return the usage that a fact tells of."""
    return Usage(
        model=said.get("model", ""), input_tokens=said.get("input_tokens", 0),
        output_tokens=said.get("output_tokens", 0), requests=said.get("requests", 0), usd=said.get("usd"),
        cpu_seconds=said.get("cpu_seconds", 0.0), gb_seconds=said.get("gb_seconds", 0.0),
        in_doubt=said.get("in_doubt", False),
    )  # fmt: skip


def answers_json(answers: tuple[PersonAnswer, ...]) -> Json:
    """Return people's answers as a fact, and the signal that brings them, say them."""
    return [{"by": each.by, "value": each.value, "at": each.at} for each in answers]


def answers_of(said: Json) -> tuple[PersonAnswer, ...]:
    """Return people's answers; of a redacted approval the value says only what was decided."""
    return tuple(PersonAnswer(by=each["by"], value=_value(each), at=each["at"]) for each in said)


def _value(said: Json) -> Json:
    if "value" in said or "approved" not in said:
        return said.get("value")
    return {"approved": said["approved"]}


def _left_of_answers(said: Json) -> Json:
    """Return of each answer who gave it and when, and of an approval what was decided."""
    return [left_by(_OF_ANSWER, _decided(each)) for each in said]


def _masked_answers(said: Json) -> Json:
    return [masked_by(_OF_ANSWER, each) for each in said]


def _decided(answer: Json) -> Json:
    match answer.get("value"):
        case {"approved": bool(approved)}:
            return {**answer, "approved": approved}
        case _:
            return answer


def _degraded_json(degraded: tuple[Degraded, ...]) -> Json:
    return [{"key": each.key, "agent": each.agent, "by": each.by, "why": each.why} for each in degraded]


def _degraded_of(said: Json) -> tuple[Degraded, ...]:
    return tuple(Degraded(key=each["key"], agent=each["agent"], by=each["by"], why=each["why"]) for each in said)


KeptUsage = Annotated[
    Usage | None, Mark.KEEP, Form(lambda usage: None if usage is None else usage_json(usage), usage_of)
]
"""What was used up."""
Answers = Annotated[
    tuple[PersonAnswer, ...], Mark.KEEP, Form(answers_json, answers_of, _left_of_answers, _masked_answers)
]
"""What people answered; a redaction leaves who, when, and whether they approved."""
Degradations = Annotated[
    tuple[Degraded, ...], Mark.KEEP,
    Form(
        _degraded_json, _degraded_of, lambda said: [left_by(_OF_DEGRADED, each) for each in said],
        lambda said: [masked_by(_OF_DEGRADED, each) for each in said],
    ),
]  # fmt: skip
"""Calls that somebody else answered than was asked; a redaction leaves out why."""
Lines = Annotated[
    tuple[BudgetLine, ...], Mark.KEEP,
    Form(lambda lines: [line_json(each) for each in lines], lambda said: tuple(line_of(each) for each in said)),
]  # fmt: skip
"""The budgets that a run counts against."""
AllowLists = Annotated[
    tuple[tuple[str, ...], ...], Mark.KEEP,
    Form(lambda lists: [list(each) for each in lists], lambda said: tuple(tuple(each) for each in said)),
]  # fmt: skip
"""Lists of what a run may use."""
