"""The answer that a call takes: one that fits what its agent declares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from podium.engine.calls.open_call import OpenCall
from podium.errors import InvalidValue
from podium.model.agent import AnyAgent
from podium.model.fallback import Degraded, FallbackValue
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Failure, Usage
from podium.model.retry import FailureKind
from podium.model.said import SaidInTurn
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode
from podium.store.operations import Effect


@dataclass(slots=True)
class Given:
    """An answer that fits. Not changed after it is made."""

    value: Any
    payload: bytes
    usage: Usage | None
    lacks: Degraded | None
    """What it is short of, if another agent answered than was asked."""
    said: SaidInTurn | None = None
    """What it says in its conversation, where it is known."""
    effects: Sequence[Effect] = ()
    """What is committed with it."""


def given_by(agent: AnyAgent, done: Done, most: int, lacks: Degraded | None = None) -> Given | Failed:
    """Check that an answer fits what the agent that was asked first declares, and has at most so many bytes."""
    payload = encode(done.value)
    if len(payload) > most:
        message = f"the answer has {len(payload)} bytes, {most} are allowed"
        return Failed(Failure(FailureKind.VALIDATION, "TooLarge", message))
    try:
        value = agent.output.load(decode(payload) if MASKING.active else done.value)
    except InvalidValue as error:
        return Failed(Failure(FailureKind.VALIDATION, "BadAnswer", str(error)))
    return Given(value, payload, done.usage, lacks, done.said)


def accepted(agent: AnyAgent, value: Json) -> Json:
    """Return what a person gave for an agent's answer, as its type writes it; as it is where it does not fit."""
    try:
        return agent.output.dump(agent.output.load(value))
    except InvalidValue:
        return value


def lacking(open_call: OpenCall, asked: AnyAgent | FallbackValue) -> Degraded | None:
    """Return what an answer is short of that this agent, or this fallback, gave."""
    if asked is open_call.agent:
        return None
    by = None if isinstance(asked, FallbackValue) else asked.card.name
    return Degraded(key=open_call.key, agent=open_call.agent.card.name, by=by, why=open_call.progress.why)


def fallback_value(open_call: OpenCall, fallback: FallbackValue) -> Json:
    """Return a fallback value as JSON: it may be given as the agent's type or as what loads to it."""
    output = open_call.agent.output
    try:
        return output.dump(fallback.value)
    except InvalidValue:
        return output.dump(output.load(fallback.value))
