"""Agents that do what a test wants: play a script, fail, take their time, or never answer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Unpack

from podium.agents.card import CardOptions
from podium.agents.function import FunctionAgent, agent
from podium.errors import TransportFailed
from podium.model.call import Call
from podium.model.clock import Clock, SystemClock
from podium.model.duration import PAUSE, Duration, in_seconds
from podium.model.json import Json
from podium.testing.witness import Witness

Replies = Sequence[Json] | Mapping[str, Json] | Callable[[Json], Json]
"""A reply for each call in turn; or one for each input, a text; or a function of the input."""


def scripted(
    name: str, replies: Replies, *, witness: Witness | None = None, **options: Unpack[CardOptions]
) -> FunctionAgent[Json, Json]:
    """Return an agent that gives the replies of a script; an exception among them is raised.

    A witness sees `name key` for each execution. Raises AssertionError in the agent where the script has no reply.
    """
    given = Counter[str]()

    async def play(input: Json, call: Call) -> Json:
        _tell(witness, call)
        if callable(replies):
            reply = replies(input)
        elif isinstance(replies, Mapping):
            reply = replies[input]
        else:
            given[name] += 1
            if given[name] > len(replies):
                raise AssertionError(f"the script of {name} has {len(replies)} replies, and one more is asked for")
            reply = replies[given[name] - 1]
        if isinstance(reply, BaseException):
            raise reply
        return reply

    return agent(name=name, **options)(play)


def failing(
    name: str, *, times: int | None = None, error: BaseException | None = None, then: Json = None,
    witness: Witness | None = None, **options: Unpack[CardOptions],
) -> FunctionAgent[Json, Json]:  # fmt: skip
    """Return an agent whose first `times` attempts at each call fail (None: all), and which then gives `then`.

    Attempts are counted as the engine counts them, so a crash in between changes nothing. The error is a
    TransportFailed unless given.
    """

    async def fail(input: Json, call: Call) -> Json:
        _tell(witness, call)
        if times is None or call.attempt <= times:
            raise error or TransportFailed(f"{name} fails as told")
        return then

    return agent(name=name, **options)(fail)


def slow(
    name: str, seconds: Duration, *, then: Json = None, clock: Clock | None = None, witness: Witness | None = None,
    **options: Unpack[CardOptions],
) -> FunctionAgent[Json, Json]:  # fmt: skip
    """Return an agent that takes `seconds` of the clock (real ones without any), and then gives `then`."""
    time, lasts = clock or SystemClock(), in_seconds(seconds, "the time that it takes", PAUSE)

    async def dawdle(input: Json, call: Call) -> Json:
        _tell(witness, call)
        await time.sleep_until(time.now() + lasts)
        return then

    return agent(name=name, **options)(dawdle)


def hanging(name: str, *, witness: Witness | None = None, **options: Unpack[CardOptions]) -> FunctionAgent[Json, Json]:
    """Return an agent that never answers; it can be cancelled and timed out."""

    async def hang(input: Json, call: Call) -> Json:
        _tell(witness, call)
        await asyncio.get_running_loop().create_future()

    return agent(name=name, **options)(hang)


def _tell(witness: Witness | None, call: Call) -> None:
    if witness is not None:
        witness.saw(call.agent, call.key)
