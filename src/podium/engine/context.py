"""The context: everything a workflow asks of the world, it asks here."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar, overload

from podium.agents.shape import shape_of
from podium.engine.calls.call import AgentCall
from podium.engine.calls.once import OnceAgent, OnceFunction
from podium.engine.calls.options import NO_OPTIONS, CallOptions, Fallbacks
from podium.engine.calls.undo import OnUndo
from podium.engine.looking_up import LookingUp
from podium.engine.primitives.allowing import allow
from podium.engine.primitives.asking import Askable, asking
from podium.engine.primitives.branches import Branch
from podium.engine.primitives.children import ChildResult, SpawnChild, check_child
from podium.engine.primitives.joins import Gather, Quorum, Race, check_fan_out, check_quorum, checked, spread
from podium.engine.primitives.lookups import changed
from podium.engine.primitives.questions import AskPerson
from podium.engine.primitives.restarting import restart
from podium.engine.primitives.selection import Selection
from podium.engine.primitives.waits import AwaitSignal, Sleep, check_default
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.caller import Undo
from podium.engine.run.primitive import Primitive
from podium.engine.run.unawaited import check_awaited
from podium.model.acceptance import Accept, acceptance
from podium.model.agent import Agent, AnyAgent
from podium.model.budget import Budget
from podium.model.conversation import Says, TurnIn, turn_in, turn_of_run
from podium.model.duration import SPAN, Duration, in_seconds, seconds_or_none
from podium.model.json import Json
from podium.model.question import Approval, Choice, Decision, Edit, Escalation
from podium.model.retry import Retry
from podium.model.run import RunOptions
from podium.model.steps import Effects
from podium.model.storable import check_key
from podium.model.task import Task

if TYPE_CHECKING:
    from typing_extensions import TypeForm

In = TypeVar("In")
Out = TypeVar("Out")
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
P = ParamSpec("P")

_NO_DEFAULT: Any = object()


class Context(LookingUp):
    """What a workflow has of its run. It belongs to one task: hand `ctx.branch(…)` to `gather`, never the context.

    What its methods return is lazy: its key is taken at once, the work is done when it is awaited or joined.
    """

    __slots__ = ("_root", "_workflow", "deadline", "undos")

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, workflow: AnyAgent, *, callers: tuple[str, ...] = (),
        deadline: float | None = None, undos: list[Undo] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, callers)
        self._root = path
        self._workflow = workflow
        self.deadline = deadline
        """The time, in seconds since 1970, after which the result is of no use; None is no such time."""
        self.undos: list[Undo] = [] if undos is None else undos
        """Compensations registered so far, in order."""

    def adopt(self, undos: list[Undo]) -> None:
        """Take over the compensations of a workflow that was called and succeeded."""
        self.undos.extend(undos)

    def check_awaited(self) -> None:
        """Raise NotAwaited where nobody has awaited something that it was asked for."""
        if self._branch.unawaited:
            check_awaited(self._branch.unawaited, self._path, __file__)

    # The run

    @property
    def workflow(self) -> AnyAgent:
        """The workflow that this is the context of."""
        return self._workflow

    @property
    def conversation(self) -> str | None:
        """The conversation in which the run, or the call that this workflow runs in, has its turn; None without one."""
        return self._active.mailbox.turns.named(self._path)

    @property
    def says(self) -> Says | None:
        """How much calls may say in the conversation in which this workflow was called or started; None without one."""
        return self._active.mailbox.turns.says(self._root)

    # Calling

    @overload
    def call(
        self, agent: Agent[In, Out], input: In, /, *, timeout: Duration | None = None, within: Duration | None = None,
        retry: Retry | None = None, fallback: Fallbacks | None = None, conversation: TurnIn | None = None,
        accept: Accept[Out] | None = None, label: str | None = None,
    ) -> AgentCall[Out]: ...  # fmt: skip
    @overload
    def call(
        self, agent: Agent[None, Out], /, *, timeout: Duration | None = None, within: Duration | None = None,
        retry: Retry | None = None, fallback: Fallbacks | None = None, conversation: TurnIn | None = None,
        accept: Accept[Out] | None = None, label: str | None = None,
    ) -> AgentCall[Out]: ...  # fmt: skip
    @overload
    def call(
        self, agent: str | Task, input: Json = None, /, *, timeout: Duration | None = None,
        within: Duration | None = None, retry: Retry | None = None, fallback: Fallbacks | None = None,
        conversation: TurnIn | None = None, accept: Accept | None = None, label: str | None = None,
    ) -> AgentCall[Any]: ...  # fmt: skip
    def call(  # noqa: PLR0913 - each is a word of the call
        self, agent: AnyAgent | str | Task, input: Any = None, /, *, timeout: Duration | None = None,
        within: Duration | None = None, retry: Retry | None = None, fallback: Fallbacks | None = None,
        conversation: TurnIn | None = None, accept: Accept | None = None, label: str | None = None,
    ) -> AgentCall[Any]:  # fmt: skip
        """Ask an agent: an agent, the name of a registered one, or a Task that the router finds one for.

        `timeout` is in seconds for each attempt, `within` for all of them together. `fallback` are those who are asked
        instead, one after the other, once it has failed for good: agents, names, or a FallbackValue. What is said here
        goes before what stands on the agent's card. In a `conversation` the call has a turn: the agent is given what
        was said before, and what it says is appended with its answer. `accept`, a rule of the value or an Acceptance,
        says what is wrong with it: then the agent is told and asked again, at most twice or as that says, and then its
        fallbacks are; the last value stands. `records` are told by the `label`. Gives the value when it is awaited;
        raises CallFailed or CallRefused.
        """
        plain = timeout is None and within is None and retry is None and fallback is None and label is None
        options = NO_OPTIONS if plain and conversation is None and accept is None else CallOptions(
            timeout=timeout, within=within, retry=retry, fallback=fallback, accept=acceptance(accept),
            conversation=turn_in(conversation), label=label,
        )  # fmt: skip
        return AgentCall(self._active, self._branch, self._path, self._key(), agent, input, options, self)

    def once(
        self, name: str, function: OnceFunction[T], *, effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Any]] | None = None, gives: "TypeForm[T] | None" = None,
    ) -> AgentCall[T]:  # fmt: skip
        """Run a function of no arguments once for ever: for a side effect too small to be an agent.

        `gives` is the type of its value, if that is not plain JSON.
        """
        agent = OnceAgent[T](name, function, effects, verify, shape_of(Any if gives is None else gives))
        return AgentCall(self._active, self._branch, self._path, self._key(), agent, None, NO_OPTIONS, self)

    @overload
    def on_undo(self, agent: Agent[In, Any], input: In, /) -> OnUndo: ...
    @overload
    def on_undo(self, agent: str, input: Json, /) -> OnUndo: ...
    def on_undo(self, agent: AnyAgent | str, input: Any, /) -> OnUndo:
        """Register a compensation: called, in reverse order, if this workflow fails or is cancelled."""
        return OnUndo(self._active, self._branch, self._path, self._key(), agent, input, self.undos, self.callers)

    # Branching

    def branch(
        self, function: "Callable[Concatenate[Context, P], Awaitable[T]]", /, *args: P.args, **kwargs: P.kwargs
    ) -> Branch[T]:
        """Several steps in a row as one branch: `function(child, …)` gets a context of its own."""
        key = self._key()

        async def body(branch: BranchTask) -> T:
            child = self.child(branch, key)
            value = await function(child, *args, **kwargs)
            child.check_awaited()
            return value

        return Branch(self._active, self._branch, self._path, key, body)

    # The first overload that fits is meant.
    @overload
    def gather(  # pyright: ignore[reportOverlappingOverload]
        self, a: Primitive[T1], b: Primitive[T2], /
    ) -> "Primitive[tuple[T1, T2]]": ...
    @overload
    def gather(self, a: Primitive[T1], b: Primitive[T2], c: Primitive[T3], /) -> "Primitive[tuple[T1, T2, T3]]": ...
    @overload
    def gather(
        self, a: Primitive[T1], b: Primitive[T2], c: Primitive[T3], d: Primitive[T4], /
    ) -> "Primitive[tuple[T1, T2, T3, T4]]": ...
    @overload
    def gather(self, *items: Primitive[T], quorum: int) -> "Primitive[list[tuple[int, T]]]": ...
    @overload
    def gather(self, *items: Primitive[T], return_exceptions: bool) -> "Primitive[list[T | Exception]]": ...
    @overload
    def gather(self, *items: Primitive[T]) -> "Primitive[list[T]]": ...
    def gather(
        self, *items: Primitive[Any], quorum: int | None = None, return_exceptions: bool = False
    ) -> Primitive[Any]:
        """Run calls and branches side by side; gives their values in order.

        The first failure cancels the others and is raised, unless `return_exceptions`. With `quorum=k` it gives the
        first k values as (index, value) and cancels the others; raises CallError if fewer can be had.
        """
        self._check_joined(items)
        if quorum is not None:
            check_quorum(quorum, len(items))
            return Quorum(self._active, self._branch, self._path, self._key(), items, quorum)
        place = self._active, self._branch, self._path, self._key()
        return Gather(*place, items, return_exceptions=return_exceptions)

    def map(
        self, agent: Agent[In, Out] | str, inputs: Iterable[In], *, concurrency: int | None = None,
        return_exceptions: bool = False, timeout: Duration | None = None, retry: Retry | None = None,
    ) -> Primitive[list[Out]]:  # fmt: skip
        """Call one agent with each of the inputs, at most `concurrency` at once; gives the values in order."""
        calls: list[Primitive[Any]] = [
            self.call(agent, each, timeout=timeout, retry=retry) for each in spread(inputs, concurrency)
        ]
        self._check_joined(calls)
        place = self._active, self._branch, self._path, self._key()
        return Gather(*place, calls, at_once=concurrency, return_exceptions=return_exceptions)

    def race(self, *items: Primitive[T]) -> Primitive[T]:
        """Give the value of the branch that has one first; the others are cancelled. Raises if all fail."""
        self._check_joined(items)
        return Race(self._active, self._branch, self._path, self._key(), items)

    def select(self, *items: Primitive[T]) -> Selection[T]:
        """Hand out branches as they end: `async with ctx.select(…) as ended: async for branch in ended: …`."""
        self._check_joined(items)
        return Selection(self._active, self._branch, self._path, self._key(), items)

    # Waiting

    def sleep(self, seconds: Duration) -> Sleep:
        """Wait, durably: the run costs nothing meanwhile."""
        seconds = in_seconds(seconds, "the time of a sleep", SPAN)
        return Sleep(self._active, self._branch, self._path, self._key(), seconds)

    @overload
    def signal(
        self, name: str, type: "TypeForm[T]", /, *, within: Duration | None = None, default: T = ...
    ) -> AwaitSignal[T]: ...
    @overload
    def signal(self, name: str, /, *, within: Duration | None = None, default: Json = None) -> AwaitSignal[Any]: ...
    def signal(
        self, name: str, type: Any = Any, /, *, within: Duration | None = None, default: Any = None
    ) -> AwaitSignal[Any]:
        """Wait for a signal of this name; gives its body, or `default` once `within` seconds have passed."""
        limit, shape = seconds_or_none(within, f"within of the wait for signal {name!r}", SPAN), shape_of(type)
        check_default(f"the wait for signal {name!r}", shape, default)
        place = self._active, self._branch, self._path, self._key()
        return AwaitSignal(*place, name=name, shape=shape, within=limit, default=default)

    @overload
    def ask(
        self, question: Approval, *, to: str = "anyone", within: Duration | None = None,
        remind: Duration | None = None, escalate: Sequence[Escalation] = (), quorum: int = 1, default: Decision = ...,
    ) -> AskPerson[Decision]: ...  # fmt: skip
    @overload
    def ask(
        self, question: Choice[T] | Edit[T], *, to: str = "anyone", within: Duration | None = None,
        remind: Duration | None = None, escalate: Sequence[Escalation] = (), quorum: int = 1, default: T = ...,
    ) -> AskPerson[T]: ...  # fmt: skip
    @overload
    def ask(
        self, question: str, *, answer: Mapping[str, Json], subject: Json = None, to: str = "anyone",
        within: Duration | None = None, remind: Duration | None = None, escalate: Sequence[Escalation] = (),
        quorum: int = 1, default: Json = ...,
    ) -> AskPerson[Any]: ...  # fmt: skip
    @overload
    def ask(
        self, question: str, *, answer: "TypeForm[T]", subject: Json = None, to: str = "anyone",
        within: Duration | None = None, remind: Duration | None = None, escalate: Sequence[Escalation] = (),
        quorum: int = 1, default: T = ...,
    ) -> AskPerson[T]: ...  # fmt: skip
    @overload
    def ask(
        self, question: str, *, subject: Json = None, to: str = "anyone", within: Duration | None = None,
        remind: Duration | None = None, escalate: Sequence[Escalation] = (), quorum: int = 1, default: Json = ...,
    ) -> AskPerson[Any]: ...  # fmt: skip
    def ask(  # noqa: PLR0913 - each is a word of the question
        self, question: Askable, *, answer: Any = Any, subject: Json = None, to: str = "anyone",
        within: Duration | None = None, remind: Duration | None = None, escalate: Sequence[Escalation] = (),
        quorum: int = 1, default: Any = _NO_DEFAULT,
    ) -> AskPerson[Any]:  # fmt: skip
        """Ask a person or a role, and wait for the answer in the inbox.

        An Approval gives a Decision, a Choice the names chosen, an Edit the edited draft; a text gives an answer of
        type `answer`, or that fits it as a JSON Schema (with `quorum` above 1 a list of them). After `within` seconds
        it expires, and those of `escalate` are asked, one after the other. After the last one it gives `default`, or
        raises QuestionExpired where there is none. While it is open, people are told again after `remind` seconds, and
        each time after twice as long.
        """
        preset = [] if default is _NO_DEFAULT else [default]
        put, shape = asking(
            question, answer=answer, subject=subject, to=to, within=within, remind=remind, escalate=escalate,
            quorum=quorum, default=preset,
        )  # fmt: skip
        return AskPerson(self._active, self._branch, self._path, self._key(), stages=put, shape=shape, default=preset)

    # Child runs

    def spawn(
        self, workflow: Agent[In, Out], input: In, /, *, queue: str | None = None, priority: int = 0,
        within: Duration | None = None, budget: Budget | None = None, conversation: TurnIn | None = None,
        affinity: str | None = None,
    ) -> SpawnChild[Out]:  # fmt: skip
        """Start a child run, with a journal and a place in the queue of its own; gives a handle to it.

        Queue and affinity are those of this run where none are given.
        It spends from the budgets of this run; with a `budget` of its own that is set aside for it, and what is left
        is given back when it ends. Raises CallRefused where there is not so much. `within` is in seconds. With a
        `conversation` it has its turn there from its start to its end; it fails where this run has that turn.
        """
        check_child(workflow)
        run = self._active.run
        options = RunOptions(
            queue=queue or run.queue, priority=priority, affinity=run.affinity if affinity is None else affinity,
            tenant=run.tenant, principal=run.principal, within=within, budget=budget, turn=turn_of_run(conversation),
        )  # fmt: skip
        place = self._active, self._branch, self._path, self._key()
        return SpawnChild(*place, child=workflow, input=input, options=options, context=self)

    def child_result(self, run_id: str, workflow: AnyAgent) -> ChildResult[Any]:
        """Wait for the result of a child run; `ChildRun.result()` is the short way."""
        check_child(workflow, run_id)
        return ChildResult(self._active, self._branch, self._path, self._key(), run=run_id, child=workflow)

    def restart(self, input: Any = None, /) -> Coroutine[Any, Any, NoReturn]:
        """Begin the run again with another input and an empty journal, under the same id; what follows is not run.

        Raises UsageError where something of it is open, InvalidValue where the input does not fit.
        """
        return restart(self._active, self._branch, self._path, self._key(), input)

    # What may be used, and code that changes

    def allow(self, *names: str) -> None:
        """Let all that follows here, and everything below it, use only these tools (`AGENT/TOOL`) and agents.

        Patterns count, such as `bank/get_*`; none allows nothing. What was not allowed before stays so. LLM agents,
        workflows and people need not be named: what they use is judged by itself.
        """
        allow(self._active, self._path, names)

    def changed(self, name: str) -> bool:
        """Whether to take the new way through code that was changed under running runs.

        False for a branch that was past this place when the code changed; recorded once per generation and name.
        """
        check_key("the name of the change", name)
        return changed(self._active, self._path, self._counter, name)

    def emit(self, chunk: Json) -> None:
        """Stream a chunk, JSON or an event, to those who watch the run. It is not recorded, and replay emits none."""
        if not self._active.gate.replaying:
            self._active.journal.emitter.emit(chunk, self._path)

    def _check_joined(self, items: Sequence[Primitive[Any]]) -> None:
        """Raise NotAwaitable for what cannot be joined, and CallRefused for more than the budget allows at once."""
        checked(items, self._path)
        check_fan_out(self._active, items, self._path)

    def child(self, branch: BranchTask, path: str) -> "Context":
        """Return the context of a branch: its own path, the same compensations."""
        own, within, active = self._workflow, self.deadline, self._active
        made = Context(active, branch, path, own, callers=self.callers, deadline=within, undos=self.undos)
        made._root = self._root
        return made
