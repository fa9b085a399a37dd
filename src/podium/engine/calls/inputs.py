"""What an agent is handed, and whether that is what is recorded."""

from typing import Any

from podium.engine.run.describing import describe, shortened
from podium.errors import Diverged, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.json import Json
from podium.store.codec import decode, encode


def given(key: str, agent: AnyAgent, input: Any, opened: Fact | None) -> Json:
    """Return an input as JSON; raises InvalidValue where it does not fit, before anything is done.

    Where it was recorded it did fit, and validators are overruled. Raises Diverged where the type does not take it now.
    """
    if opened is None:
        return agent.input.dump(input)
    try:
        return agent.input.redump(input)
    except InvalidValue as error:
        raise Diverged(key, with_input(opened), str(error)) from error


def as_now(agent: AnyAgent, recorded: bytes) -> bytes:
    """Return a recorded input as it would be recorded now: a field that was added has its default."""
    try:
        return encode(agent.input.redump(agent.input.restore(decode(recorded))))
    except InvalidValue:
        return recorded


def with_input(opened: Fact) -> str:
    """Return what a fact opened, and with what, in words for a message."""
    return f"{describe(opened)} with {shortened(opened.payload)}"
