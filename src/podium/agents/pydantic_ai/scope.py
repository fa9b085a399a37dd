"""Where in a call the code is that runs: whoever asks a model there, or uses a tool, records it with the call."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pydantic_ai.durable_exec import record_durable_unit
from pydantic_ai.usage import RunUsage

from podium.agents.context.applying import ContextOfCall
from podium.agents.frameworks.approvals import UNLESS_GIVEN, Grants, ToolQuestion, ToolTerms
from podium.agents.frameworks.asking import is_asking
from podium.agents.frameworks.counting import UNSEEN
from podium.agents.frameworks.effects import DeclaredEffects, check_declared, effects_of
from podium.agents.frameworks.flight import Flight
from podium.agents.frameworks.loops import in_loop, kept_in_loop
from podium.agents.frameworks.plain import digest_of
from podium.agents.pydantic_ai.sent import RequestSent
from podium.agents.pydantic_ai.shared import SharedUsage, dumped
from podium.agents.pydantic_ai.whole import Unfinished
from podium.model.budget import Bound
from podium.model.consent import Consent
from podium.model.deferral import Deferred
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rates
from podium.model.sent import Earlier
from podium.model.steps import Effects, Steps
from podium.model.streams.kinds import Transient

T = TypeVar("T")

Body = Callable[[], Awaitable[Json]]

UseBody = Callable[[Grants], Awaitable[Json | ToolQuestion | Deferred]]
"""Uses a tool, as far as it goes without people."""

UseResume = Callable[[Json], Awaitable[Json | ToolQuestion]]
"""Goes on with a use of a tool that put its result off."""


@dataclass(slots=True, kw_only=True)
class Recording:
    """What one call of an LLM agent records with, whoever asks a model or uses a tool in it."""

    steps: Steps
    flight: Flight
    effects: DeclaredEffects
    rates: Rates
    unfinished: Unfinished = "fail"
    tools: Collection[str] = ()
    """The names of those of its tools that are known before it runs."""
    agent: str = ""
    attempt: int = 1
    terms: ToolTerms = UNLESS_GIVEN
    """What holds for its tools."""
    earlier: Earlier | None = None
    """What was said before in the conversation of the call; requests refer to it."""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    """Where steps are recorded; a synchronous tool may run an agent in a loop of its own thread."""
    closed: bool = False
    """Whether the call has ended: what goes on in a task that it left behind belongs to nobody."""

    @contextmanager
    def open(self) -> Generator[None]:
        """Record until the call ends."""
        try:
            yield
        finally:
            self.closed = True

    def note(self, rule: str, said: Mapping[str, Json]) -> None:
        """Record what was noticed, from whichever thread."""
        if self.at_home:
            self.steps.note(rule, said)
        else:
            self.loop.call_soon_threadsafe(self.steps.note, rule, said)

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None]) -> None:
        """Say what the step that runs now sends, from whichever thread."""
        if self.at_home:
            self.steps.tell_sent(sent, kept)
        else:
            self.loop.call_soon_threadsafe(self.steps.tell_sent, sent, kept)

    @property
    def at_home(self) -> bool:
        """Whether the running loop is the one in which steps are recorded."""
        return asyncio.get_running_loop() is self.loop

    async def once(
        self,
        name: str,
        body: Body,
        *,
        key: str | None = None,
        input: Json = None,
        effects: Effects = "idempotent",
        verify: Body | None = None,
        usage: Callable[[Json], Usage | None] | None = None,
        bound: Bound | None = None,
    ) -> Json:
        """Run `body` once for ever, and let Pydantic AI's telemetry know whether it ran now."""
        executed = False
        there = asyncio.get_running_loop()

        async def run() -> Json:
            nonlocal executed
            executed = True
            return await in_loop(there, body)

        step = self.steps.once(
            name, run, input=input, key=key, effects=effects, verify=verify, usage=usage, bound=bound
        )
        value = await in_loop(self.loop, lambda: step)
        record_durable_unit(executed=executed)
        return value

    async def used(
        self,
        name: str,
        body: UseBody,
        consent: Consent,
        *,
        key: str | None,
        input: Json,
        effects: Effects = "idempotent",
        verify: Body | None = None,
        resume: UseResume | None = None,
    ) -> Json:
        """Do a use of a tool once for ever, if people and rules allow it; it is carried like any other.

        `body` is handed what people said who allowed it; what it wants to know, they are asked. Where it puts its
        result off, `resume` goes on with it.
        """
        executed = False
        there = asyncio.get_running_loop()

        async def said(part: Callable[[], Awaitable[Json | ToolQuestion | Deferred]]) -> Json:
            value = await kept_in_loop(there, part)
            if isinstance(value, ToolQuestion):
                return value.result(await self.steps.ask(value.ask, announce=value.announce))
            return value

        async def run() -> Json:
            nonlocal executed
            executed = True
            return await said(partial(body, self.steps.granted))

        async def go_on(state: Json) -> Json:
            return None if resume is None else await said(partial(resume, state))

        step = self.steps.once_allowed(
            name, run, consent, input=input, key=key, effects=effects, verify=verify,
            resume=None if resume is None else go_on,
        )  # fmt: skip
        value = await self.flight.carry(step)
        record_durable_unit(executed=executed)
        return value


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that failed; whoever goes on at the same place in the conversation answers it."""

    key: str
    sent: Json
    history: Json
    """All messages of the agent, those too that were not sent."""

    def asks(self, messages: Json) -> bool:
        """Whether it asked the same, whichever model, with whichever settings."""
        return self.history == messages


class AgentScope:
    """One run of an agent of Pydantic AI inside a call, or the code of one tool: counts what is asked in it."""

    def __init__(
        self, recording: Recording, usage: SharedUsage, *, agent: str = "", place: str = "", streaming: bool = False,
        around: "AgentScope | None" = None,
    ) -> None:  # fmt: skip
        self.recording = recording
        self.usage = usage
        self.grown = RunUsage()
        """What is added to the usage here; that of a tool is recorded with it, and added again in a replay."""
        self.around = around
        self.agent = agent
        """The name of an agent that another one's code runs; empty for the agent of the call."""
        self.streaming = streaming
        self.unanswered: Unanswered | None = None
        self.last_sent: RequestSent | None = None
        self.context: ContextOfCall | None = None
        """The rules for what the agent sends, where it has any."""
        self.outputs: set[str] = set()
        """The tools by which its agent gives its answer."""
        self.attempts = False
        """Whether the request that comes next is the agent's own."""
        self.waits_for: dict[str, str] = {}
        """Of each tool that requires approval, or whose result comes from outside: which of them."""
        self.used: set[str] = set()
        """The keys of the uses of tools that were recorded here."""
        self.put_in: dict[str, Json] = {}
        """The arguments that answers put in place of those of the model, by the key of the use."""
        self.forbidden: dict[str, Json] = {}
        """The results of uses that were not allowed when their arguments were checked, by the key of the use."""
        self._place = place
        self._unchecked = True
        self._task: asyncio.Task[object] | None = None
        """The one that entered it, where things come in one order."""
        self._positions = Counter[tuple[str, str]]()
        self._runs = Counter[tuple[str, str]]()
        """Both by the step that one is in: what is recorded there is not counted again in a replay."""

    @property
    def emits(self) -> bool:
        """Whether what models write here is handed on: where the agent of the call streams."""
        return self.streaming or (self.around is not None and self.around.emits)

    def emit(self, content: Transient) -> None:
        """Tell whoever watches the run, from whichever thread."""
        self.recording.steps.emit(content)

    def takes_attempt(self) -> bool:
        """Whether the request that is made now is an attempt of the agent itself, not one of code that runs here."""
        own, self.attempts = self.attempts, False
        return own

    def position(self, messages: int, sent: Json, *, own: bool) -> str:
        """Key a request by its place in the conversation; a history cut short can put two at one place."""
        at = str(messages) if own else self._told_apart(str(messages), sent)
        here = self.recording.steps.idempotency_key, at
        self._positions[here] += 1
        again = self._positions[here]
        return self.key(at if again == 1 else f"{at}#{again}")

    def _told_apart(self, at: str, asked: Json) -> str:
        """Name what another task than the one of this scope asks by what it asks: such tasks come in any order."""
        return at if self._task is None or self._task is asyncio.current_task() else f"{at}@{digest_of(asked)}"

    def key(self, key: str) -> str:
        """Return the key of a step of this run."""
        return f"{self._place}{key}"

    def tool(self, name: str) -> str:
        """Return the one name of a tool: as the model sees it, after that of the agent where another one runs it."""
        return f"{self.agent}/{name}" if self.agent else name

    def of_agent(self, name: str, usage: RunUsage | None, asked: Json) -> "AgentScope":
        """Return the scope of an agent that is run here, and may add to the usage of the agent around it."""
        at = self._told_apart(name, asked)
        here = self.recording.steps.idempotency_key, at
        count = self._runs[here]
        self._runs[here] += 1
        shared = SharedUsage(usage or RunUsage(), watched=usage is None)
        if usage is self.usage.total:
            shared = self.usage
        return AgentScope(self.recording, shared, agent=name, place=f"{self._place}{at}#{count}/", around=self)

    def of_tool(self) -> "AgentScope":
        """Return the scope of the code of a tool, or whatever else is a step that may have steps inside."""
        return AgentScope(self.recording, self.usage, agent=self.agent, around=self)

    def add(self, used: RunUsage) -> None:
        """Note what a recorded request added to the usage, here and wherever it is shared."""
        self.usage.explain(used)
        for scope in self._in_tools():
            scope.grown.incr(used)

    def add_tool_call(self) -> None:
        """Note a use of a tool that gave a result, as Pydantic AI counts it."""
        self.usage.explained.tool_calls += 1
        for scope in self._in_tools():
            scope.grown.tool_calls += 1

    def _in_tools(self) -> Iterator["AgentScope"]:
        """Give this scope and those around it that share its usage, but for that of the call, which is not recorded."""
        scope = self
        while scope.around is not None and scope.usage is self.usage:
            yield scope
            scope = scope.around

    async def count_unseen(self) -> None:
        """Count usage that grew without a recorded request. A budget in dollars refuses it, as it has no price."""
        more = self.usage.unseen()
        if more is None:
            return
        self.add(more)
        used = Usage(model=UNSEEN, input_tokens=more.input_tokens, output_tokens=more.output_tokens)
        bound = Bound(input_tokens=more.input_tokens, output_tokens=more.output_tokens)
        told = dumped(more)
        await self.recording.once(UNSEEN, partial(_given, told), usage=lambda _: used, bound=bound)

    def check_effects(self, tools: Collection[str], agent: str) -> None:
        """Raise UsageError for effects of tools that this agent does not have, before its first request."""
        if not self._unchecked:
            return
        self._unchecked = False
        known = () if self.agent else self.recording.tools
        check_declared(effects_of(self.recording.effects, self.agent), agent, {*tools, *known})

    @contextmanager
    def entered(self) -> Generator[None]:
        """Have what is asked in this task, and in those it starts, recorded here."""
        self._task = asyncio.current_task()
        token = _here.set(self)
        try:
            yield
        finally:
            with suppress(ValueError):  # a generator that is closed by another task has a context of its own
                _here.reset(token)


_here: ContextVar[AgentScope | None] = ContextVar("podium_scope", default=None)


def here() -> AgentScope | None:
    """Return where the code is that runs; None outside of calls of LLM agents, and inside a request to a model."""
    scope = _here.get()
    return None if scope is None or scope.recording.closed or is_asking() else scope


async def _given(value: Json) -> Json:
    return value
