"""The answer that a call takes: one that fits what its agent declares."""

from dataclasses import dataclass
from typing import Any

from podium.engine.calls.open_call import OpenCall
from podium.errors import InvalidValue
from podium.model.agent import AnyAgent
from podium.model.fallback import Degraded, FallbackValue
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Failure, Usage
from podium.model.retry import FailureKind
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that fits."""

    value: Any
    payload: bytes
    usage: Usage | None
    lacks: Degraded | None
    """What it is short of, if another agent answered than was asked."""


def given_by(open_call: OpenCall, asked: AnyAgent | FallbackValue, done: Done) -> Given | Failed:
    """Check that an answer fits what the agent that was asked first declares."""
    payload, most = encode(done.value), open_call.active.runtime.max_payload_bytes
    if len(payload) > most:
        message = f"the answer has {len(payload)} bytes, {most} are allowed"
        return Failed(Failure(FailureKind.VALIDATION, "TooLarge", message))
    agent = open_call.agent
    try:
        value = agent.output.load(decode(payload) if MASKING.active else done.value)
    except InvalidValue as error:
        return Failed(Failure(FailureKind.VALIDATION, "BadAnswer", str(error)))
    if asked is agent:
        return Given(value, payload, done.usage, None)
    by = None if isinstance(asked, FallbackValue) else asked.card.name
    lacks = Degraded(key=open_call.key, agent=agent.card.name, by=by, why=open_call.progress.why)
    return Given(value, payload, done.usage, lacks)


def fallback_value(open_call: OpenCall, fallback: FallbackValue) -> Json:
    """Return a fallback value as JSON: it may be given as the agent's type or as what loads to it."""
    output = open_call.agent.output
    try:
        return output.dump(fallback.value)
    except InvalidValue:
        return output.dump(output.load(fallback.value))
