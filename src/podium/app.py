"""The app: opens store, dispatcher and engine from the settings, and closes them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from podium import lazy
from podium.agents.schema import mismatch
from podium.config import Config, load_config, override
from podium.dispatch.rules.breaker.circuit import CircuitState
from podium.dispatch.rules.delegation.delegations import PRINCIPAL, Delegations
from podium.engine.run.starting import new_run
from podium.engine.settings import EngineSettings
from podium.engine.worker.worker import Worker
from podium.engine.workflow import Workflow, is_workflow
from podium.errors import (
    AlreadyAnswered,
    InvalidValue,
    NotPossible,
    StoreError,
    UnknownQuestion,
    UnknownRun,
    UsageError,
)
from podium.handle import AnyHandle, RunHandle
from podium.model.agent import Agent, AnyAgent
from podium.model.budget import Budget, BudgetState
from podium.model.clock import Clock, SystemClock
from podium.model.cost import Cost, Dimension
from podium.model.delegation import DelegationBook, DelegationSettings
from podium.model.fact import Fact
from podium.model.ids import Ids, RandomIds
from podium.model.incident import Incident, MonitorSettings
from podium.model.json import Json
from podium.model.question import PersonAnswer, Question, QuestionState
from podium.model.run import Run, RunOptions
from podium.model.storable import check_text
from podium.operations.operator import Operator
from podium.operations.redactor import Redactor
from podium.operations.requeue import Requeued, requeue
from podium.operations.sealing import sealed, signer_of
from podium.patterns.building.pattern import Pattern, is_pattern
from podium.reports.dead_letters import DeadLetter, DeadLetterQuery, dead_letters
from podium.reports.incidents import incidents
from podium.rule_stack import RuleStack
from podium.secrets import reference, secret
from podium.services.isolation import Answer
from podium.services.timers import Timer
from podium.store.codec import encode
from podium.store.operations import CommitVerdict, KeepAnswer, Reply
from podium.store.protocol import BudgetQuery, ChainFault, CostQuery, QuestionQuery, RunQuery, Store, walk
from podium.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from podium.operations.monitor import monitor
else:
    monitor = lazy.module("podium.operations.monitor.monitor")

_LOG = logging.getLogger("podium")
_PAGE = 1_000
_ALL = 1 << 40

In = TypeVar("In")
Out = TypeVar("Out")
T = TypeVar("T")


class App:
    """A store, the agents registered with it, and the worker that drives their runs."""

    def __init__(self, config: Config, store: Store, clock: Clock, ids: Ids) -> None:
        self.config = config
        self.store = store
        self._clock = clock
        self._ids = ids
        settings = EngineSettings(
            slots=config.slots,
            lease=config.lease,
            poll=config.poll,
            quarantine_after=config.quarantine_after,
            max_facts=config.max_facts,
            max_payload_bytes=config.max_payload_bytes,
            max_depth=config.max_depth,
            prices=config.prices,
            watches_loops=config.loops is not None,
        )
        secret.name(config.secrets.known)
        reference.learn(config.secrets.known)
        self.delegations = _delegations(config.delegation, store.delegations, clock, ids)
        self._rules = RuleStack(config, store, clock, ring=self._ring, keep=self._keep, changed=self._changed)
        self.registry = self._rules.registry
        self.worker = Worker(store, self._rules.dispatcher, clock, ids, settings)
        self._operator = Operator(self.worker, clock, ids)
        self._monitor = None
        if config.monitor:
            watch = MonitorSettings() if config.monitor is True else config.monitor
            self._monitor = monitor.Monitor(self.worker, self._operator, self._rules.conditions, clock, ids, watch)
            self.register(self._monitor.workflow)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, store: str | Path | Store | None = None, *, agents: Iterable[AnyAgent] = (), config: Config | None = None,
        clock: Clock | None = None, ids: Ids | None = None, **settings: Any,
    ) -> "AsyncGenerator[App]":  # fmt: skip
        """Open an app: `async with App.open("desk.db", agents=[…]) as app`.

        `store` is the file of the store, made if it is missing (`:memory:` keeps nothing), or an open store. Further
        settings are those of `Config`. Runs that a dead process left are taken up at once, if their workflow is among
        `agents` or registered later. Raises StoreError or ConfigError with what to do.
        """
        config = override(config or load_config(), settings)
        if store is None and config.store != ":memory:":
            _make_folder(Path(config.store).parent)
        if store is None or isinstance(store, str | Path):
            config = config if store is None else replace(config, store=str(store))
            opened: Store = SqliteStore(config.store, durability=config.durability)
        else:
            opened = store
        try:
            app = cls(config, opened, clock or SystemClock(), ids or RandomIds())
            app.register(*agents)
            app.worker.start()
            async with sealed(opened, config.audit, app._clock):
                try:
                    async with nullcontext() if app._monitor is None else app._monitor.watching():
                        yield app
                finally:
                    await app.worker.stop()
        finally:
            opened.close()

    def register(self, *agents: AnyAgent) -> None:
        """Make agents known by name, those inside patterns too; runs of workflows that wait for them go on."""
        everyone = [*agents, *(part for agent in agents if is_pattern(agent) for part in _members_of(agent))]
        new = self._rules.add(everyone)
        for agent in everyone:
            if is_workflow(agent):
                self.worker.serve(agent)
        if new:
            self.worker.try_blocked_again()

    async def run(self, workflow: Agent[In, Out] | str, input: In = None, /, **options: Any) -> Out:
        """Run a workflow and return its value; raises RunFailed, RunCancelled or RunBlocked. Options: see `start`."""
        handle = await self.start(workflow, input, **options)
        return await handle.result()

    async def start(  # noqa: PLR0913 - each is a word of the run, and the caller names it
        self, workflow: Agent[In, Out] | str, input: In = None, /, *, id: str | None = None, tag: str | None = None,
        queue: str = "default", priority: int = 0, tenant: str = "default", principal: str = "local",
        within: float | None = None, budget: Budget | None = None,
    ) -> RunHandle[Out]:  # fmt: skip
        """Start a run and return a handle to it.

        After `within` seconds it is cancelled, and has failed. `budget` is the most that it may come to with all its
        calls and child runs; without one that of the settings counts.

        With a `tag` that a run of this workflow has already, that run's handle is returned and nothing is started.
        Raises InvalidValue where the input does not fit, UnknownAgent or UsageError for what is no workflow.
        """
        found = self._workflow(workflow)
        payload = encode(found.input.dump(input))
        options = RunOptions(
            id=id, tag=tag, queue=queue, priority=priority, tenant=tenant, principal=principal,
            within=_seconds(self.config.run_within if within is None else within),
            budget=budget or self.config.budgets.run,
        )  # fmt: skip
        run = new_run(
            id or self._ids.new("run"), found.card, payload, options, seed=self._ids.seed(), at=self._clock.now()
        )
        if len(payload) > self.config.max_payload_bytes:
            raise InvalidValue(f"the input has {len(payload)} bytes; {self.config.max_payload_bytes} are allowed")
        run_id, new = await self.worker.begin(run)
        if not new and (there := await self._run(run_id)).workflow != found.card.name:
            raise NotPossible(f"run {run_id} is there already, of {there.workflow}: give the new run another id.")
        return RunHandle(run_id, self.worker, self._clock, self._ids, found)

    async def redeem(self, token: str, workflow: str, input: Json = None) -> AnyHandle:
        """Start a run with a delegation's token, on behalf of who granted it; raises TokenRefused with the reason.

        Whatever the run does stays within the delegation, and ends with it.
        """
        found: Workflow[Any, Any] = self._workflow(workflow)
        found.input.load(input)  # an input that does not fit is not to count as a use
        granted = await self.delegations.redeem(token, workflow, input)
        principal, tenant = f"{PRINCIPAL}{granted.id}", granted.delegation.tenant
        return await self.start(found, input, principal=principal, tenant=tenant)

    async def handle(self, run_id: str) -> AnyHandle:
        """Return a handle to a run; raises UnknownRun."""
        run = await self._run(run_id)
        known = self.registry.has(run.workflow, run.version)
        workflow = self.registry.get(run.workflow, run.version) if known else None
        return RunHandle(run_id, self.worker, self._clock, self._ids, workflow)

    # Changing

    async def retry(self, run_id: str) -> AnyHandle:
        """Have a failed or blocked run go on from what failed; raises UnknownRun or NotPossible."""
        await self._operator.retry(run_id)
        return await self.handle(run_id)

    async def repin(self, run_id: str, version: str, *, from_key: str | None = None) -> AnyHandle:
        """Move a run to another version of its workflow; raises NotPossible where its journal does not fit the code.

        With `from_key` all that was recorded since that call began is voided, and done again.
        """
        await self._operator.repin(run_id, version, from_key)
        return await self.handle(run_id)

    async def fork(self, run_id: str, key: str) -> AnyHandle:
        """Start a new run that shares the facts before the call at `key`; `once` effects after it are asked about."""
        return await self.handle(await self._operator.fork(run_id, key))

    async def redact(self, run_id: str, *, by: str, why: str) -> int:
        """Delete what a run and its child runs were given, said and gave, though not that and how they took place.

        Returns how many had something to delete. Raises UnknownRun, or NotPossible where one has not ended.
        """
        return await self._redactor().redact(run_id, by=by, why=why)

    async def retain(self, seconds: float, *, by: str, why: str) -> int:
        """Redact all runs that ended longer ago than so many seconds, as did those that started them; how many."""
        return await self._redactor().retain(seconds, by=by, why=why)

    # Dead letters

    async def dead_letters(self, wanted: DeadLetterQuery | None = None) -> list[DeadLetter]:
        """Return the runs that failed or were quarantined, newest first; those discarded only where that is wanted."""
        return await dead_letters(self.store, wanted or DeadLetterQuery())

    async def requeue(self, *runs: str) -> list[Requeued]:
        """Have dead letters go on from what failed; each is told apart, and none stops the others."""
        return await requeue(self.store, self._operator.retry, runs)

    async def discard(self, run_id: str, *, by: str, why: str) -> None:
        """Say that nobody will see to a dead letter any more; it is recorded, by whom and why. Raises NotPossible."""
        await self._operator.discard(run_id, by=by, why=why)

    # Looking

    async def runs(self, query: RunQuery | None = None) -> list[Run]:
        """Return runs, newest first."""
        return list((await self.store.runs(query or RunQuery())).items)

    async def facts(self, run_id: str) -> list[Fact]:
        """Return everything recorded of a run; raises UnknownRun."""
        await self._run(run_id)
        return await self.store.facts(run_id)

    async def trust(self, agent: str, version: str | None = None) -> int:
        """Return how far an agent is trusted, 0 to 100; of its newest version if none is named."""
        await self._rules.trusts.refresh()
        return self._rules.trusts.of(agent, version or self.registry.get(agent).card.version)

    async def verify(self, run_id: str) -> Sequence[ChainFault]:
        """Recompute a run's hash chain; returns what does not fit."""
        await self._run(run_id)
        return await self.store.verify(run_id)

    async def costs(
        self, by: Dimension = "agent", *, run: str | None = None, since: float | None = None, until: float | None = None
    ) -> list[Cost]:
        """Add up what was spent, by agent, model, workflow, tenant, day or run, the dearest first.

        Of all runs, or of one with all the child runs that it started; `since` and `until` are seconds since 1970.
        """
        return [
            each
            async for each in walk(self.store.costs, CostQuery(by=by, run=run, since=since, until=until, limit=_ALL))
        ]

    def health(self) -> dict[tuple[str, str], str]:
        """Return what the last checks found, by agent and version: why it cannot work, or an empty text."""
        return self._rules.checks.faults()

    async def incidents(self, *, open_only: bool = False, limit: int = 100) -> list[Incident]:
        """Return what the monitor saw go wrong, what was done about it and how that ended, newest first."""
        return await incidents(self.store, open_only=open_only, limit=limit)

    def breakers(self) -> dict[tuple[str, str], CircuitState]:
        """Return how the circuit breakers of this process stand, by agent and version."""
        return self._rules.breakers.states()

    async def budgets(self, prefix: str = "") -> list[BudgetState]:
        """Return how budgets stand: `run:ID`, `agent:NAME/DAY`, `tenant:NAME/DAY`, `day/DAY`; those that begin so."""
        return [each async for each in walk(self.store.budgets, BudgetQuery(prefix=prefix, limit=_PAGE))]

    # The inbox

    async def questions(
        self, *, to: str | None = None, run: str | None = None, open_only: bool = True
    ) -> list[Question]:
        """Return what waits for people, oldest first."""
        wanted = QuestionQuery(state=QuestionState.OPEN if open_only else None, to=to, run=run, limit=_PAGE)
        return [each async for each in walk(self.store.questions, wanted)]

    async def answer(self, question_id: str, value: Json, *, by: str) -> None:
        """Answer a question; raises UnknownQuestion, AlreadyAnswered, or InvalidValue where the value does not fit."""
        question = await self.store.question(question_id)
        if question is None:
            raise UnknownQuestion(f"no question is called {question_id!r}. `podium inbox list` shows those there are.")
        _check_answer(question, value)
        encode(value, "the answer")
        check_text("the name of whoever answers", by)
        answer = PersonAnswer(by=by, value=value, at=self._clock.now())
        verdict, _ = await self.worker.commits.submit(Reply(question_id, answer))
        if verdict is CommitVerdict.CLOSED:
            now = await self.store.question(question_id)
            raise AlreadyAnswered(f"question {question_id} is {now.state if now else 'gone'}: too late to answer it")
        if verdict is CommitVerdict.DUPLICATE:
            raise AlreadyAnswered(f"{by} has answered question {question_id} already; it waits for other people")

    def _redactor(self) -> Redactor:
        signer = signer_of(self.config.audit)
        return Redactor(self.worker, self._clock, None if signer is None else signer.sign)

    def _workflow(self, workflow: Agent[In, Out] | str) -> Workflow[In, Out]:
        found = self.registry.get(workflow) if isinstance(workflow, str) else workflow
        if not is_workflow(found):
            raise UsageError(f"{found.card.name} is an agent, not a workflow: only a workflow can be started as a run.")
        if found.card.anonymous:
            raise UsageError(f'{found.card.name} has no name to be found by after a crash: give it one, name="…".')
        self.register(found)
        if is_pattern(found):
            for name in found.names():
                self.registry.get(name)  # raises UnknownAgent, before anything runs
        return found

    def _changed(self) -> None:
        """Told when a breaker or the health of an agent changed."""
        if self._monitor is not None:
            self._monitor.look_soon()

    def _ring(self, at: float, function: Callable[[], None]) -> Timer:
        return self.worker.timers.at(at, function)

    def _keep(self, answer: KeepAnswer, kept: Callable[[], object]) -> None:
        """Have an answer kept; where that fails it is asked again another time."""

        def settled(verdict: Answer, _: object) -> None:
            if isinstance(verdict, StoreError):
                _LOG.warning("an answer of %s cannot be kept: %s", answer.agent, verdict)
            kept()

        self.worker.commits.put(answer, settled)

    async def _run(self, run_id: str) -> Run:
        run = await self.store.run(run_id)
        if run is None:
            raise UnknownRun(f"no run is called {run_id!r}. `podium runs list` shows those there are.")
        return run


def _delegations(settings: DelegationSettings, book: DelegationBook, clock: Clock, ids: Ids) -> Delegations:
    """Return the delegations of a store; raises ConfigError where the key's reference leads nowhere."""
    values = {} if settings.key is None else {"delegation.key": settings.key}
    key = reference.filled(values).get("delegation.key")
    return Delegations(book=book, clock=clock, ids=ids, key=key, audience=settings.audience)


def run_sync(work: "Coroutine[Any, Any, T]") -> T:
    """Run a coroutine from synchronous code; raises UsageError inside a running event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    work.close()
    raise UsageError("run_sync was called inside an event loop: await the coroutine instead")


def _members_of(pattern: Pattern[Any, Any]) -> list[AnyAgent]:
    """Return the agents of a pattern that have a name, each once."""
    found = {id(each): each for each in pattern.agents() if not each.card.anonymous}
    return list(found.values())


def _seconds(within: float | None) -> float | None:
    if within is not None and not 0 < within < float("inf"):
        raise UsageError(f"within is {within!r}; expected how many seconds the run may take, more than 0.")
    return within


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} of the store cannot be made: {error.strerror}") from error


def _check_answer(question: Question, value: Json) -> None:
    """Raise InvalidValue unless an answer fits the question's schema."""
    if question.ask.schema is None:
        return
    if (wrong := mismatch(value, question.ask.schema)) is not None:
        raise InvalidValue(f"the answer does not fit question {question.id}: {wrong}")
