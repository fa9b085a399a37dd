"""What an agent is handed, and whether that is what is recorded."""

from collections.abc import Callable
from typing import Any

from podium.engine.run.describing import describe, shortened
from podium.errors import Diverged, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.json import Json
from podium.secrets.comparing import same_but_for_secrets
from podium.store.codec import decode, encode


def given(key: str, agent: AnyAgent, input: Any, opened: Fact | None, *, judged: bool = False) -> tuple[Json, bytes]:
    """Return an input as JSON, and as text; raises InvalidValue where it does not fit, before anything is done.

    Where it was recorded, or `judged` before, it did fit, and validators are overruled. Raises Diverged where the type
    does not take now what was recorded.
    """
    if opened is None:
        plain = agent.input.redump(input) if judged else agent.input.dump(input)
        return plain, encode(plain)
    recorded = opened.payload
    try:
        return as_recorded(agent, input, lambda _, now: recorded is None or is_input(agent, recorded, now))
    except InvalidValue as error:
        raise Diverged(key, with_input(opened), str(error)) from error


def as_recorded(agent: AnyAgent, input: Any, fits: Callable[[Json, bytes], bool]) -> tuple[Json, bytes]:
    """Return an input in the form that fits what is recorded: as it is, else as validators change it.

    So no validator is asked where the input fits as it is. Where neither form fits, it is returned as it is; raises
    InvalidValue where it is of the type in neither.
    """
    refusal, forms = None, list[tuple[Json, bytes]]()
    for normalised in (False, True):
        try:
            plain = agent.input.redump(input, normalised=normalised)
        except InvalidValue as error:
            refusal = refusal or error
            continue
        forms.append((plain, encode(plain)))
        if fits(*forms[-1]):
            return forms[-1]
    if not forms and refusal:
        raise refusal
    return forms[0]


def is_input(agent: AnyAgent, recorded: bytes, now: bytes) -> bool:
    """Whether an input is the recorded one: a field that was added since has its default, secrets are masked."""
    if now == recorded or now == (as_now := _as_now(agent, recorded)):
        return True
    return any(same_but_for_secrets(decode(known), decode(now)) for known in (recorded, as_now))


def _as_now(agent: AnyAgent, recorded: bytes) -> bytes:
    """Return a recorded input as it would be recorded now."""
    try:
        return encode(agent.input.redump(agent.input.restore(decode(recorded))))
    except InvalidValue:
        return recorded


def with_input(opened: Fact) -> str:
    """Return what a fact opened, and with what, in words for a message."""
    return f"{describe(opened)} with {shortened(opened.payload)}"
