"""The app: opens store, dispatcher and engine from the settings, and closes them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from podium import lazy
from podium.config import Config, load_config, override
from podium.dispatch.rules.delegation.delegations import Delegations
from podium.engine.fleet import Fleet
from podium.engine.settings import EngineSettings
from podium.engine.worker.worker import Worker
from podium.engine.workflow import Workflow
from podium.errors import PodiumError, StoreError, UsageError
from podium.facade.handle import AnyHandle
from podium.facade.home import Home
from podium.facade.scope import Parts
from podium.facade.scoped import ScopedApp
from podium.facade.starting import AppStarter
from podium.facade.workflows import Workflows
from podium.fleets.opening import open_fleet
from podium.fleets.request import FleetRequest
from podium.in_threads import in_thread
from podium.model.agent import AnyAgent, is_agent
from podium.model.clock import Clock, SystemClock
from podium.model.delegation import PRINCIPAL, DelegationBook, DelegationSettings, Granted
from podium.model.expected import PATH, Expected, check_options, has, instance, or_none, refuse
from podium.model.ids import Ids, RandomIds
from podium.model.incident import MonitorSettings
from podium.model.json import Json
from podium.model.link import LinkSettings
from podium.model.principal import Principal
from podium.operations.sealing import sealed
from podium.rule_stack import RuleStack
from podium.secrets import reference, secret
from podium.services.isolation import CommitAnswer
from podium.services.serving import ServingBoard
from podium.services.timers import Timer
from podium.store.keeping import KeepAnswer
from podium.store.opening import open_store, sqlite_file
from podium.store.protocol import Store
from podium.telemetry.setup import observer_set_up

if TYPE_CHECKING:
    from podium.model import people
    from podium.operations import browser_sessions, links, operator
    from podium.operations.answering import agents as answering
    from podium.operations.monitor import monitor
    from podium.operations.notify import notifier
    from podium.services import event_reader, process_states
    from podium.telemetry import guarded
    from podium.telemetry.observer import Observer
else:
    event_reader = lazy.module("podium.services.event_reader")
    people = lazy.module("podium.model.people")
    guarded = lazy.module("podium.telemetry.guarded")
    answering = lazy.module("podium.operations.answering.agents")
    monitor = lazy.module("podium.operations.monitor.monitor")
    notifier = lazy.module("podium.operations.notify.notifier")
    browser_sessions = lazy.module("podium.operations.browser_sessions")
    links = lazy.module("podium.operations.links")
    operator = lazy.module("podium.operations.operator")
    process_states = lazy.module("podium.services.process_states")

_LOG = logging.getLogger("podium")
MOVED = {
    "answer": "inbox.answer(question_id, value, by=…)",
    "breakers": "reports.breakers()",
    "budgets": "reports.budgets(prefix=…)",
    "costs": "reports.costs(by=…)",
    "dead_letters": "reports.dead_letters()",
    "discard": "operations.discard(run_id, why=…)",
    "facts": "runs.facts(run_id)",
    "fork": "operations.fork(run_id, key)",
    "health": "reports.health()",
    "incidents": "reports.incidents()",
    "questions": "inbox.list(to=…, run=…)",
    "redact": "operations.redact(run_id, why=…)",
    "repin": "operations.repin(run_id, version)",
    "requeue": "operations.requeue(run_id)",
    "retain": "operations.retain(seconds, why=…)",
    "retry": "operations.retry(run_id)",
    "trust": "reports.trust(agent)",
    "verify": "reports.verify(run_id)",
}
"""Where what `App` itself had is now."""

T = TypeVar("T")


class App(ScopedApp):
    """A store, the agents registered with it, and the worker that drives their runs."""

    def __init__(
        self, config: Config, store: Store, fleet: Fleet, clock: Clock, ids: Ids, observer: "Observer | None" = None,
        *, address: str | None = None,
    ) -> None:  # fmt: skip
        self.config = config
        self.store = store
        settings = EngineSettings(
            lease=config.lease,
            grace=config.grace,
            alive_file=config.alive_file,
            poll=config.poll,
            quarantine_after=config.quarantine_after,
            max_facts=config.max_facts,
            max_payload_bytes=config.max_payload_bytes,
            max_depth=config.max_depth,
            budget_wait=config.budgets.max_wait,
            prices=config.prices,
            keep_messages=config.keep_messages,
            people=people.People(config.people) if config.people else None,
            keep_events=config.keep_events,
            watches_loops=config.loops is not None,
        )
        secret.name(config.secrets.known)
        reference.learn(config.secrets.known)
        rules = RuleStack(
            config, store, clock, ring=self._ring, keep=self._keep, changed=self._changed, worker=self._who
        )
        self.registry = rules.registry
        told = None if observer is None else guarded.GuardedObserver(observer)
        self.worker = Worker(store, rules.dispatcher, clock, ids, settings, fleet, told)
        self.worker.retry_run = lambda run: operator.Operator(self.worker, clock).retry(run)
        board = ServingBoard(store, worker=self._who, queues=fleet.queues, cards=self.registry.cards)
        parts = Parts(
            config=config, store=store, clock=clock, ids=ids, rules=rules, worker=self.worker,
            workflows=Workflows(rules, self.worker, board), home=Home(), board=board,
            links=cache(lambda: links.Links(_links(config), store.states or process_states.ProcessStates(), ids)),
            sessions=cache(
                lambda: browser_sessions.BrowserSessions(
                    states=store.states or process_states.ProcessStates(), clock=clock, ids=ids
                )
            ),
            events=event_reader.EventReader(store.events, clock),
            delegations=_delegations(config.delegation, store.delegations, clock, ids), address=address,
        )  # fmt: skip
        super().__init__(parts, None)
        self._parts = parts
        self._monitor = None
        if config.monitor:
            watch = MonitorSettings() if config.monitor is True else config.monitor
            self._monitor = monitor.Monitor(
                self.worker, rules.conditions, clock, ids, watch, time=rules.time, lease=config.lease
            )  # fmt: skip
            self.register(self._monitor.workflow)
        self._answers = None
        if any(each.agent is not None for each in config.people.values()):
            self._answers = answering.AgentAnswers(
                self.worker, people.People(config.people), clock, ids, parts.workflows.register
            )
        self._notifier = None
        if config.notify is not None:
            self._notifier = notifier.Notifier(
                self.worker, config.notify, parts.links(), clock, people=people.People(config.people), observer=told,
            )  # fmt: skip

    @classmethod
    @asynccontextmanager
    async def open(
        cls, store: str | Path | Store | None = None, *, agents: Iterable[AnyAgent] = (), config: Config | None = None,
        clock: Clock | None = None, ids: Ids | None = None, observer: "Observer | None" = None, **settings: Any,
    ) -> "AsyncGenerator[App]":  # fmt: skip
        """Open an app: `async with App.open("desk.db", agents=[…]) as app`.

        `store` is the file of the store, made if it is missing (`:memory:` keeps nothing), or an open store. Further
        settings are those of `Config`. `observer` is told of what runs do; without one, OpenTelemetry is where the
        program has set it up. Runs that a dead process left are taken up at once, if their workflow is among
        `agents` or registered later. Leaving the block begins nothing new, and gives what is under way
        `grace` seconds to end. Raises StoreError or ConfigError with what to do.
        """
        given = {"store": store, "config": config, "clock": clock, "ids": ids, "observer": observer}
        check_options("App.open", given, _OPENED)
        config = override(config or load_config(), settings)
        if store is None and (file := sqlite_file(config.store)) is not None:
            _make_folder(file.parent)
        if store is None or isinstance(store, str | Path):
            config = config if store is None else replace(config, store=str(store))
            opened, address = open_store(config.store, durability=config.durability), config.store
        else:
            opened, address = store, None
        try:
            clock = clock or SystemClock()
            if observer is None and config.telemetry:
                observer = observer_set_up()
            starter = AppStarter()
            async with open_fleet(_fleet_wanted(config, opened, clock, starter)) as fleet:
                app = cls(config, opened, fleet, clock, ids or RandomIds(), observer, address=address)
                starter.serve(app, app._parts)
                app.register(*_several(agents))
                app.worker.start()
                async with sealed(opened, config.audit, clock), app._parts.board.kept():
                    try:
                        async with (
                            nullcontext() if app._monitor is None else app._monitor.watching(),
                            nullcontext() if app._notifier is None else app._notifier.telling(),
                            nullcontext() if app._answers is None else app._answers.answering(),
                        ):
                            yield app
                    finally:
                        app._parts.home.close()
                        app._parts.events.close()
                        app._parts.rules.drain()
                        await app.worker.stop()
                        await app._parts.rules.close()
        finally:
            opened.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop in which the app was opened, and in which alone it is used."""
        return self._parts.home.loop

    async def drained(self) -> None:
        """Return once this app drives nothing any more because somebody had its worker drained: end the program then.

        Until it is closed it goes on to read, to answer, and to start runs that others drive.
        """
        self._parts.home.check()
        await self.worker.drained()

    async def unready(self) -> str:
        """Return why this app can do nothing for others at present: its worker stops, or the store is away, or full.

        The text is empty where it can. What was written last says whether the store takes anything; where that was a
        while ago, a beat is written now.
        """
        self._parts.home.check()
        try:
            self.worker.check()
            await self.store.run("")
            if self.worker.last_write.is_old():
                await in_thread(self.worker.heartbeat.beat)
        except PodiumError as error:
            return str(error)
        if (error := self.worker.last_write.error) is not None:
            return str(error)
        return "it is being stopped, and begins nothing new" if self.worker.draining else ""

    def register(self, *agents: AnyAgent) -> None:
        """Make agents known by name, those inside patterns too; runs of workflows that wait for them go on."""
        self._scope.parts.workflows.register(*agents)

    def scoped(self, principal: Principal) -> ScopedApp:
        """Return the app as a user of it may use it: it shows and changes only what belongs to that user's tenant.

        It costs next to nothing: a server makes one for each request.
        """
        return ScopedApp(self._parts, principal)

    async def redeem(self, token: str, workflow: str, input: Json = None) -> AnyHandle:
        """Start a run with a delegation's token, on behalf of who granted it; raises TokenRefused with the reason.

        Whatever the run does stays within the delegation, and ends with it.
        """
        delegations = self._scope.parts.delegations
        self.delegated(token, workflow, input)  # before anything is told of what there is
        found: Workflow[Any, Any] = self._scope.parts.workflows.find(workflow)
        found.input.load(input)  # an input that does not fit is not to count as a use
        granted = await delegations.redeem(token, workflow, input)
        principal, tenant = f"{PRINCIPAL}{granted.id}", granted.delegation.tenant
        return await self.start(found, input, principal=principal, tenant=tenant)

    def delegated(self, token: str, workflow: str, input: Json = None) -> Granted:
        """Return the delegation of a token that is for a run of a workflow; raises TokenRefused with the reason.

        Nothing is counted. It says on whose behalf `redeem` would start the run.
        """
        return self._scope.parts.delegations.check(token, workflow, input)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Say where what was a method of `App` is now."""
            if name in MOVED:
                raise AttributeError(f"app.{name} has moved: write `await app.{MOVED[name]}`.", name=name, obj=self)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def _changed(self) -> None:
        """Told when a breaker or the health of an agent changed."""
        if self._monitor is not None:
            self._monitor.look_soon()

    def _who(self) -> str:
        return self.worker.commits.worker

    def _ring(self, at: float, function: Callable[[], None]) -> Timer:
        return self.worker.timers.at(at, function)

    def _keep(self, answer: KeepAnswer, kept: Callable[[], object]) -> None:
        """Have an answer kept; where that fails it is asked again another time."""

        def settled(verdict: CommitAnswer, _: object) -> None:
            if isinstance(verdict, StoreError):
                _LOG.warning("an answer of %s cannot be kept: %s", answer.agent, verdict)
            kept()

        self.worker.commits.put(answer, settled)


_OPENED: Mapping[str, Expected] = {
    "store": or_none(
        Expected('a path, such as "desk.db", or an open store', lambda value: PATH.fits(value) or _A_STORE.fits(value))
    ),
    "config": or_none(instance(Config, "load_config()")),
    "clock": or_none(has("a clock, such as SystemClock()", "now", "monotonic", "sleep_until")),
    "ids": or_none(has("what makes ids, such as RandomIds()", "new", "seed")),
    "observer": or_none(has("an Observer", "run", "call", "current")),
}
_A_STORE = has("a store", "claim", "commit", "close")


def _several(agents: Iterable[AnyAgent]) -> Iterable[AnyAgent]:
    if is_agent(agents):
        refuse("agents", agents, f"a list, such as [{agents!r}]")
    if isinstance(agents, str) or not isinstance(cast("object", agents), Iterable):
        refuse("agents", agents, "a list of agents")
    return agents


def _delegations(settings: DelegationSettings, book: DelegationBook, clock: Clock, ids: Ids) -> Delegations:
    """Return the delegations of a store; raises ConfigError where the key's reference leads nowhere."""
    values = {} if settings.key is None else {"delegation.key": settings.key}
    key = reference.filled(values).get("delegation.key")
    return Delegations(book=book, clock=clock, ids=ids, key=key, audience=settings.audience)


def run_sync(work: "Coroutine[Any, Any, T]") -> T:
    """Run a coroutine from synchronous code; raises UsageError inside a running event loop."""
    if not asyncio.iscoroutine(work):
        raise UsageError(f"run_sync was given {work!r}; expected a coroutine: `run_sync(main())`, with the brackets.")
    if _is_inside_a_loop():
        work.close()
        raise UsageError("run_sync was called inside an event loop: await the coroutine instead")
    return asyncio.run(work)


def _is_inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _fleet_wanted(config: Config, store: Store, clock: Clock, starter: AppStarter) -> FleetRequest:
    return FleetRequest(
        settings=config.fleet, store=store, address=config.store, clock=clock, starter=starter, slots=config.slots,
        queues=config.queues, lease=config.lease,
    )  # fmt: skip


def _links(config: Config) -> LinkSettings:
    return replace(config.links, url=config.links.url or config.server.url)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} of the store cannot be made: {error.strerror}") from error
