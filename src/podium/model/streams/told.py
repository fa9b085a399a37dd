"""From the facts of a run to the events that they tell of: the same for every reader, whenever it comes."""

from collections.abc import Iterator, Sequence

from podium.model.fact import Fact
from podium.model.facts.answers import AnswerContent, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed, StepDone
from podium.model.facts.parts import answers_json
from podium.model.facts.runs import Ended, Restarted, Rewound, Started
from podium.model.facts.waits import ChildSpawned, QuestionAnswered, QuestionAsked
from podium.model.json import Json, decode, is_array, is_object
from podium.model.outcome import Usage
from podium.model.step import UNUSABLE_ANSWER, is_answer_step, is_guard_step, told_of_tool
from podium.model.streams.durable import (
    CallEnded,
    CallRetried,
    CallStarted,
    ChildStarted,
    Durable,
    QuestionClosed,
    QuestionOpened,
    RequestFinished,
    RunEnded,
    RunRestarted,
    RunRewound,
    RunStarted,
    StepFinished,
    ToolCalled,
    ToolReturned,
)
from podium.model.streams.event import StreamEvent
from podium.model.streams.numbers import told_number

_NO_USAGE = Usage()
_CHECK = "/check"
"""How the key of a step ends in which a tool only checks its arguments."""


def events_of(run: str, facts: Sequence[Fact]) -> Iterator[StreamEvent]:
    """Give the events that facts tell of, in order; most facts tell of one or none, an answer of a model of several."""
    for fact in facts:
        call, _, step = fact.key.partition("/")
        attempt = said.attempt if isinstance(said := fact.content, StepDone) else 0
        for part, content in enumerate(_told(fact)):
            yield StreamEvent(
                run=run, number=told_number(fact.seq, part), key=call, attempt=attempt, step=step, at=fact.at,
                epoch=fact.epoch, content=content,
            )  # fmt: skip


def _told(fact: Fact) -> Iterator[Durable]:
    match fact.content:
        case StepDone() as said:
            yield from _of_step(fact, said)
        case Asked(agent=agent, version=version):
            yield CallStarted(agent, version, fact.value())
        case AttemptFailed() as said:
            yield CallRetried(said.attempt, said.kind, f"{said.type}: {said.message}")
        case AnswerContent() as said:
            yield CallEnded(said.outcome, fact.value(), _error(said))
        case QuestionAsked() as said:
            yield QuestionOpened(said.question, said.to, said.text, said.kind)
        case QuestionAnswered(question=question, answers=answers):
            yield QuestionClosed(question, answers_json(answers))
        case ChildSpawned(run=run, workflow=workflow):
            yield ChildStarted(run, workflow)
        case _:
            yield from _of_run(fact)


def _of_run(fact: Fact) -> Iterator[Durable]:
    match fact.content:
        case Started(workflow=workflow, version=version):
            yield RunStarted(workflow, version, fact.value())
        case Restarted(generation=generation):
            yield RunRestarted(generation, fact.value())
        case Rewound(facts=facts) if facts:
            yield RunRewound()
        case Ended(state=state, reason=reason):
            yield RunEnded(state, fact.value(), reason)
        case _:
            pass


def _error(said: AnswerContent) -> str:
    match said:
        case AnsweredFailed(type=type, message=message):
            return f"{type}: {message}"
        case AnsweredRefused(rule=rule, reason=reason):
            return f"{rule}: {reason}"
        case _:
            return ""


def _of_step(fact: Fact, said: StepDone) -> Iterator[Durable]:
    """Give what a step tells of; one that an earlier attempt did was told of then, and rules' own are not told."""
    if fact.payload is None or is_guard_step(said.name) or said.name == UNUSABLE_ANSWER:
        return
    value = decode(fact.payload)
    tool = told_of_tool(said.name)
    if tool is not None:
        if not fact.key.endswith(_CHECK):
            _, _, call_id = fact.key.rpartition(f"{said.name}/")
            yield ToolReturned(call_id, tool, *_result(value))
    elif is_answer_step(said.name):
        yield from _of_answer(value, said.usage or _NO_USAGE)
    else:
        yield StepFinished(said.name, value)


def _result(value: Json) -> tuple[Json, str]:
    """Return what a tool gave, or what the model is told instead."""
    kind = value.get("kind") if is_object(value) else None
    if kind in ("tool_return", "tool_content_result"):
        result = value.get("result")
        if kind == "tool_return" and is_object(result) and result.get("kind") == "tool-return":
            return result.get("return_value"), ""
        return result, ""
    if kind == "validation_error":
        return None, f"validation error in {value.get('title', '')}"
    return (None, value["message"]) if kind is not None and value.get("message") else (value, "")


def _of_answer(value: Json, usage: Usage) -> Iterator[Durable]:
    """Give the answer of a model, then the calls of tools in it."""
    parts = value.get("parts") if is_object(value) else None
    found: list[Json] = parts if is_array(parts) else []
    text = "".join(part.get("content") or "" for part in found if part.get("part_kind") == "text")
    model = usage.model or (value.get("model_name") if is_object(value) else None) or ""
    yield RequestFinished(model, text, usage.input_tokens, usage.output_tokens, usage.usd)
    for part in found:
        if part.get("part_kind") == "tool-call":
            yield ToolCalled(part.get("tool_call_id") or "", part["tool_name"], _arguments(part.get("args")))


def _arguments(given: Json) -> Json:
    """Return the arguments of a tool call: parsed where the model wrote JSON, else as it wrote them."""
    if not isinstance(given, str):
        return {} if given is None else given
    try:
        return decode(given.encode()) if given else {}
    except ValueError:
        return given
