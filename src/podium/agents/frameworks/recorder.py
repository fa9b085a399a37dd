"""Records what an agent of any framework does in a call: each model request and each use of a tool is a step."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial

from podium.agents.context.applying import ContextOfCall
from podium.agents.context.draft import FittedRequest
from podium.agents.context.piece import WholeRequest
from podium.agents.frameworks.approvals import UNLESS_GIVEN, ToolTerms, denial_in
from podium.agents.frameworks.asking import asking, is_asking
from podium.agents.frameworks.counting import UNSEEN, AnswerUsage
from podium.agents.frameworks.effects import DeclaredEffects, declared
from podium.agents.frameworks.failure import of_vendor
from podium.agents.frameworks.flight import Flight
from podium.agents.frameworks.loops import in_loop, kept_in_loop
from podium.agents.frameworks.plain import plain_numbers
from podium.agents.frameworks.request import AskedModel, AskedTool
from podium.agents.frameworks.sent import LastSent, told
from podium.errors import Interrupt
from podium.model.budget import Bound
from podium.model.json import Json, is_object
from podium.model.outcome import Usage
from podium.model.prices import Rates
from podium.model.sent import Earlier
from podium.model.step import ANSWER, arguments_put_in, tool_step
from podium.model.steps import Steps
from podium.model.streams.kinds import Transient
from podium.model.streams.transient import RequestStarted

SendModel = Callable[[int | None], Awaitable[Json]]
"""Sends a request, with this `max_tokens` where that is not None, and returns the answer in the form of a response."""

DoTool = Callable[[Json | None], Awaitable[Json]]
"""Uses a tool, with these arguments where they are not None, and returns `{"kind": "tool_return", "result": …}`."""

EDITED = "edited"
"""Where the result of a tool says with which arguments it was used instead of those of the model."""


@dataclass(slots=True, kw_only=True)
class CallRecording:
    """What one call records with."""

    steps: Steps
    agent: str
    """The name of the agent that is called."""
    main: str = ""
    """How its framework names it."""
    flight: Flight = field(default_factory=Flight)
    effects: DeclaredEffects
    rates: Rates
    terms: ToolTerms = UNLESS_GIVEN
    streaming: bool = False
    earlier: Earlier | None = None
    """What was said before in the conversation of the call; requests refer to it."""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    """Where steps are recorded."""
    input_tokens: int = 0
    output_tokens: int = 0
    """What the recorded requests of the call came to, as the framework counts it too."""
    closed: bool = False
    """Whether the call has ended: what goes on in a task that it left behind belongs to nobody."""


@dataclass(frozen=True, slots=True)
class _RequestPlace:
    """Where a request is in what its recorder records."""

    at: tuple[str, str]
    """The step that one is in, and what was said before."""
    key: str
    input: Json
    """What is compared on replay."""


class Recorder:
    """Records what is asked in a call, or in the code of one tool of it."""

    def __init__(self, call: CallRecording, context: ContextOfCall | None = None) -> None:
        self.call = call
        self._context = context
        """The rules for what the agent sends, where it has any."""
        self._interrupt: Interrupt | None = None
        self._places = Counter[tuple[str, str]]()
        """How many requests there were at a place, by the step that one is in."""
        self._unanswered: dict[tuple[str, str], _RequestPlace] = {}
        """The requests that failed."""
        self._asked_uses = defaultdict[tuple[str, str], set[str]](set)
        """The answers that asked for a use of a tool with this id: some servers count their ids from 0 each time."""
        self._sent: dict[str, LastSent] = {}

    @property
    def streams(self) -> bool:
        """Whether what models write is told while they write."""
        return self.call.streaming

    def emit(self, content: Transient) -> None:
        """Tell whoever watches the run, from whichever thread."""
        self.call.steps.emit(content)

    def named(self, agent: str) -> str:
        """Return how an agent of the framework is told from the agent of the call: by its name; that has none."""
        return "" if agent == self.call.main else agent

    def begin_again(self) -> None:
        """Have what is asked again handed back: the framework runs code again that people's answer goes on in."""
        self._places.clear()
        self._unanswered.clear()

    def check(self) -> None:
        """Raise again what interrupted a step here: frameworks may take it for an error, and go on without."""
        if self._interrupt is not None:
            raise self._interrupt

    async def fit(self, request: WholeRequest) -> FittedRequest | None:
        """Return what is sent of a request by the rules of the agent; None where it has none."""
        self.check()
        context = self._context
        return None if context is None else await in_loop(self.call.loop, lambda: context.fit(request))

    async def request(self, asked: AskedModel, send: SendModel) -> Json:
        """Ask a model once for ever. An error keeps the type that the framework gave it, for those who handle it."""
        self.check()
        call, failed, there = self.call, list[Exception](), asyncio.get_running_loop()
        cap = asked.cap(call.rates)
        place = self._place(asked)

        async def body() -> Json:
            self.emit(RequestStarted(asked.model))
            sending = LastSent(place="", said=asked.said)

            def tell(at: str) -> Json:
                nonlocal sending
                sending = replace(sending, place=at)
                return told(sending.said, self._sent.get(asked.agent), call.earlier)

            call.steps.tell_sent(tell, lambda: self._sent.__setitem__(asked.agent, sending))
            with asking():
                try:
                    return plain_numbers(await in_loop(there, lambda: send(None if asked.max_tokens else cap.tokens)))
                except Exception as problem:  # the boundary to a foreign model
                    failed.append(problem)
                    ours = of_vendor(problem)
                    if ours is None:
                        raise
                    raise ours from problem

        usage = AnswerUsage(call.rates, cap, call.steps.note)
        bound = cap.bound() if call.steps.budgeted else None
        try:
            value = await in_loop(
                call.loop,
                lambda: call.steps.once(ANSWER, body, key=place.key, input=place.input, usage=usage, bound=bound),
            )
        except Interrupt as interrupt:
            self._interrupt = self._interrupt or interrupt
            raise
        except Exception:  # whatever the rules made of it: what the framework raised is raised
            self._unanswered[place.at] = place
            if not failed:
                raise
        else:
            self._answer(asked, place, value)
            return value
        raise failed[0] from failed[0].__cause__

    async def use(self, asked: AskedTool, work: DoTool) -> Json:
        """Use a tool once for ever, if people and rules allow it. It is recorded even if another one ends the run."""
        self.check()
        call, there = self.call, asyncio.get_running_loop()
        effects, inside = declared(call.effects, asked.name), Recorder(call)
        verify = None if effects.verify is None else partial(effects.verify, asked.arguments, call.steps)

        async def body() -> Json:
            edited = arguments_put_in(call.steps.granted)
            with inside.entered():
                result = plain_numbers(await kept_in_loop(there, lambda: work(edited)))
            inside.check()
            return result if edited is None else {**result, EDITED: edited}

        agent = asked.agent or call.agent
        ask = call.terms.approval(agent, asked.sent, asked.schema) if asked.approval else None
        try:
            value = await call.flight.carry(call.steps.once_allowed(
                tool_step(asked.name), body, call.terms.consent(asked.schema, ask), key=self._use_key(asked.call_id),
                input=asked.sent, effects=effects.effects, verify=verify,
            ))  # fmt: skip
        except Interrupt as interrupt:
            self._interrupt = self._interrupt or interrupt
            raise
        return value if _is_result(value) else {"kind": "tool_return", "result": value}

    async def count_unseen(self, input_tokens: int, output_tokens: int) -> None:
        """Count what a framework used in all, as far as no recorded request explains it.

        A budget in dollars refuses it, as it has no price.
        """
        call = self.call
        more_in, more_out = max(0, input_tokens - call.input_tokens), max(0, output_tokens - call.output_tokens)
        if not (more_in or more_out):
            return
        call.input_tokens += more_in
        call.output_tokens += more_out

        async def given() -> Json:
            return {"input_tokens": more_in, "output_tokens": more_out}

        used = Usage(model=UNSEEN, input_tokens=more_in, output_tokens=more_out)
        bound = Bound(input_tokens=more_in, output_tokens=more_out)
        await in_loop(call.loop, lambda: call.steps.once(UNSEEN, given, usage=lambda _: used, bound=bound))

    @contextmanager
    def entered(self) -> Generator[None]:
        """Have what is asked in this task, and in those it starts, recorded here."""
        token = _here.set(self)
        try:
            yield
        finally:
            with suppress(ValueError):  # a generator that is closed by another task has a context of its own
                _here.reset(token)

    def _place(self, asked: AskedModel) -> "_RequestPlace":
        """Return the place of a request: that of the one that failed just before with the same messages, if one did.

        So an answer of a model that was fallen back on is handed back to the first one's request, and nobody is asked
        again.
        """
        key = asked.key
        at = self.call.steps.idempotency_key, key
        if at in self._unanswered:
            return self._unanswered.pop(at)
        self._places[at] += 1
        count = self._places[at]
        return _RequestPlace(at, key if count == 1 else f"{key}#{count}", dict(asked.sent))

    def _answer(self, asked: AskedModel, place: _RequestPlace, value: Mapping[str, Json]) -> None:
        """Note what came of a request."""
        self.call.input_tokens += value["usage"]["input_tokens"]
        self.call.output_tokens += value["usage"]["output_tokens"]
        here = self.call.steps.idempotency_key
        for part in value["parts"]:
            if part["part_kind"] == "tool-call":
                self._asked_uses[here, part["tool_call_id"]].add(place.key)
        before = self._sent.get(asked.agent)
        if before is not None and before.said["messages"] is asked.sent["messages"]:
            self._sent[asked.agent] = before.answered(value)

    def _use_key(self, call_id: str) -> str:
        count = len(self._asked_uses[self.call.steps.idempotency_key, call_id])
        return call_id if count <= 1 else f"{call_id}#{count}"


_here: ContextVar[Recorder | None] = ContextVar("podium_recorder", default=None)


def recorder_here() -> Recorder | None:
    """Return what records here; None outside of calls, and inside a request to a model."""
    recorder = _here.get()
    return None if recorder is None or recorder.call.closed or is_asking() else recorder


@contextmanager
def recording(call: CallRecording, context: ContextOfCall | None = None) -> Generator[Recorder]:
    """Record what is asked in this task until the call ends; raises again what interrupted one of its steps."""
    recorder = Recorder(call, context)
    try:
        with recorder.entered():
            try:
                yield recorder
            except Exception:
                recorder.check()
                raise
            recorder.check()
    finally:
        call.closed = True


def _is_result(value: Json) -> bool:
    return denial_in(value) is not None or (is_object(value) and value.get("kind") == "tool_return")
