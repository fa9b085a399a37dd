"""What agents of any framework are built with to be tried, and what they are told to do."""

import os
import signal
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from podium.model.json import Json
from podium.testing.chat import ChatReply, ChatUse
from podium.testing.witness import Witness

NumberTool = Callable[[int], Awaitable[str]]
"""An async function `look(n: int) -> str` or `pay(n: int) -> str`, with a docstring."""

_TURNS: Sequence[Sequence[tuple[str, int]]] = ((("look", 1), ("pay", 2)), (("look", 3),))
"""The tools that the model wants used, answer by answer; then it ends."""

KILL_POINTS = tuple(
    point
    for turn, uses in enumerate((*_TURNS, ()))
    for point in (f"request {turn}", *(f"{tool} {n} {when}" for tool, n in uses for when in ("start", "end")))
)
"""All points at which a process may be killed: when a request arrived, when a tool begins, when it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkSite:
    """What an agent of a framework is built with. Its name is to be `bot`, its instructions are its own."""

    base_url: str
    """Where a model with the name `scripted` is asked, in OpenAI's chat completions; any key does."""
    tools: Mapping[str, NumberTool]
    """The functions that are its tools, by name: `look` and `pay`."""
    approval: Collection[str] = ()
    """The tools that require approval, in the framework's own way."""
    options: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    """What is handed on to the function that makes the Podium agent, such as `streaming=True`."""
    model: str = "scripted"


def scripted_answer(body: Json) -> ChatReply:
    """Answer a request by how many tools have answered before: so a conversation goes the same way in any process."""
    told = [each for each in body["messages"] if each["role"] == "tool"]
    done = 0
    for turn, uses in enumerate(_TURNS):
        if len(told) == done:
            return ChatReply(uses=[ChatUse(tool, {"n": n}, f"call_{turn}_{n}") for tool, n in uses])
        done += len(uses)
    return ChatReply(text="told: " + " | ".join(str(each["content"]) for each in told))


def turn_of(event: str) -> int:
    """Return the turn of a conversation to which what was seen belongs."""
    what, n, *_ = event.split(" ")
    if what == "request":
        return int(n)
    return next(turn for turn, uses in enumerate(_TURNS) if (what, int(n)) in uses)


def turns_before(body: Json) -> int:
    """Return how many answers of the model a request hands back to it."""
    return sum(each["role"] == "assistant" for each in body["messages"])


def turn_asked(body: Json) -> int:
    """Return which request of a conversation a body is, from 0."""
    told = sum(each["role"] == "tool" for each in body["messages"])
    starts = [sum(map(len, _TURNS[:turn])) for turn in range(len(_TURNS) + 1)]
    return max(turn for turn, start in enumerate(starts) if start <= told)


def witnessed_tools(witness: Witness, *, kill: str = "", error: Exception | None = None) -> Mapping[str, NumberTool]:
    """Return `look` and `pay`, which write down that they begin and end; at `kill` their process dies.

    With `error`, `pay` raises it once it has paid.
    """

    def passing(point: str) -> None:
        witness.saw(point)
        if point == kill:
            os.kill(os.getpid(), signal.SIGKILL)

    async def look(n: int) -> str:
        """Look something up."""
        passing(f"look {n} start")
        passing(f"look {n} end")
        return f"look {n}"

    async def pay(n: int) -> str:
        """Pay something."""
        passing(f"pay {n} start")
        if error is not None:
            raise error
        passing(f"pay {n} end")
        return f"paid {n}"

    return {"look": look, "pay": pay}
