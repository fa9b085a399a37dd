"""Watches over agents, runs and workers, and begins an incident for what it sees go wrong."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

from podium.dispatch.condition import Condition, Conditions
from podium.dispatch.failure import failure_of
from podium.dispatch.rules.health.checks import called
from podium.engine.run.starting import new_run
from podium.engine.worker.waiters import last_of
from podium.engine.worker.worker import Worker
from podium.errors import PodiumError, StoreError
from podium.in_threads import in_thread
from podium.model.agent import AnyAgent, Card
from podium.model.clock import Clock
from podium.model.ids import Ids
from podium.model.incident import HEALTHY, MONITOR, Ending, MonitorSettings, Problem, ProblemKind, trouble_of
from podium.model.json import Json
from podium.model.principal import INSTALLATION
from podium.model.run import BlockedReason, RunOptions, RunState, Signal
from podium.operations.leadership import Leadership
from podium.operations.monitor.diagnosis import Diagnosis, failed_since
from podium.operations.monitor.incident import incidents
from podium.operations.monitor.log_tail import LogTail
from podium.operations.monitor.memory import MonitorMemory
from podium.operations.monitor.restarts import Restarts
from podium.operations.operator import Operator
from podium.reports.dead_letters import is_discard
from podium.services.looking import looking
from podium.services.process_states import ProcessStates
from podium.services.store_time import StoreTime
from podium.store.codec import encode
from podium.store.operations import Send
from podium.store.protocol import LostWorker, RunQuery

_LOG = logging.getLogger("podium")

_PRIORITY = 100
"""Incidents go before ordinary runs."""
_LISTED = 1_000
_FOR_EVER = float("inf")
_LOOKED_BACK = 86_400.0
"""Workers that died longer before the monitor began are not told of."""
_OPEN = (RunState.READY, RunState.RUNNING, RunState.PARKED, RunState.BLOCKED)


class Monitor:
    """The monitor of one process: it sees to the agents that the process has.

    One of all monitors on the store leads: that one sees to its runs and workers, too.
    """

    def __init__(
        self, worker: Worker, conditions: Conditions, clock: Clock, ids: Ids, settings: MonitorSettings, *,
        time: StoreTime, lease: float,
    ) -> None:  # fmt: skip
        """`lease` is how long a process may be silent: so often it is looked at who leads."""
        self._worker = worker
        self._operator = Operator(worker, clock)
        self._conditions = conditions
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._log = LogTail(clock)
        self._store = worker.store
        self._registry = worker.dispatcher.registry
        self._diagnosis = Diagnosis(self._store, self._registry, conditions, self._log, window=settings.window)
        self._own = ProcessStates()
        """The incidents of agents whose health is that of this process alone."""
        self._states = self._store.states or ProcessStates()
        self._leadership = Leadership("monitor", MonitorMemory, self._states, lambda: worker.id, self._is_gone)
        self._restarts = Restarts(self._states, time)
        self._open: dict[str, str] = {}
        self._lease = lease
        self._leads = False
        self._began = clock.now()
        self._soon = asyncio.Event()
        self.workflow = incidents(self, settings)

    # Watching

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Watch while the block lasts."""
        self._conditions.watched(watched=True)
        failed = "the monitor could not look; it tries again"
        try:
            async with looking(self.look, self._soon, self._clock, self._every, failed=failed):
                with self._log.attached():
                    yield
        finally:
            self._conditions.watched(watched=False)
            with suppress(StoreError):  # then another one leads when this process is gone
                await self._leadership.give_up()

    def look_soon(self) -> None:
        """Look before it is time: something has changed."""
        self._soon.set()

    def _every(self) -> float:
        """Return the seconds until it is looked again."""
        return self._settings.every if self._leads else min(self._settings.every, self._lease)

    async def look(self) -> None:
        """Look once: begin an incident for what is new in trouble, and tell those whose trouble has passed."""
        self._leads = await self._leadership.lead()
        self._open = await self._open_incidents()
        await self._look_at_agents()
        if self._leads:
            await self._look_at_store()

    async def _look_at_store(self) -> None:
        """Look at the runs and workers of the store, as the one that leads."""
        known = self._leadership.memory.known
        await self._count_failures()
        quarantined = {trouble.name: trouble async for trouble in self._quarantined()}
        lost = {trouble.name: trouble for trouble in await self._lost_workers()}
        for name in [name for name in known if name.startswith(f"{ProblemKind.RUN}:") and name not in quarantined]:
            del known[name]
            await self._tell_well(name)
        for name in [name for name in known if name.startswith(f"{ProblemKind.WORKER}:") and name not in lost]:
            del known[name]
        for trouble in (*quarantined.values(), *lost.values()):
            await self._begin_of_store(trouble)
        await self._leadership.keep()

    async def _look_at_agents(self) -> None:
        watched = [self._worker.dispatcher.card(agent) for agent in self._agents()]
        found = await asyncio.gather(*(self._conditions.examine(card) for card in watched))
        for card, finding in zip(watched, found, strict=True):
            own = card.health is not None and not card.health.shared
            trouble = self._trouble(ProblemKind.AGENT, card.name, finding.why, version=card.version)
            if finding.condition is Condition.UNHEALTHY:
                await self._agent_is_ill(trouble, own=own)
            elif finding.condition is Condition.HEALTHY:
                await self._agent_is_well(trouble, own=own)

    async def _agent_is_ill(self, trouble: Problem, *, own: bool) -> None:
        """Begin an incident, unless there was one since the agent was well, of whichever process."""
        states, key = self._own if own else self._states, f"incident:{trouble.name}"
        seen = await states.get(key)
        if seen and not await self._is_back(seen.decode()):
            return
        run = await self._begin(trouble)
        await states.swap(key, seen, run.encode(), now=0.0, until=_FOR_EVER)

    async def _agent_is_well(self, trouble: Problem, *, own: bool) -> None:
        """Tell its incident. Where health is that of a process, another one does so only if that process is gone."""
        states, key, open_run = self._own if own else self._states, f"incident:{trouble.name}", None
        if own and (open_run := self._open.get(trouble.name)) is not None:
            seen_by = trouble_of((await self._store.facts(open_run))[0]).seen_by
            if seen_by != self._worker.id and not await self._is_gone(seen_by):
                return
        if seen := await states.get(key):
            await states.swap(key, seen, b"", now=0.0, until=_FOR_EVER)
        await self._tell_well(trouble.name)

    def _agents(self) -> Iterable[AnyAgent]:
        for card in self._registry.cards():
            agent = self._registry.get(card.name, card.version)
            effective = self._worker.dispatcher.card(agent)
            if not card.traits.runs_inline and (effective.health is not None or effective.breaker is not None):
                yield agent

    async def _quarantined(self) -> AsyncIterator[Problem]:
        for run in (await self._store.runs(RunQuery(state=RunState.BLOCKED, limit=_LISTED))).items:
            if run.blocked is not BlockedReason.QUARANTINED or run.workflow == MONITOR:
                continue
            last = await last_of(self._store, run)
            if not is_discard(last):
                yield self._trouble(ProblemKind.RUN, run.id, run.reason)

    async def _lost_workers(self) -> Sequence[Problem]:
        lost = await in_thread(self._store.workers.lost, self._began - _LOOKED_BACK)
        return [self._lost_worker(each) for each in lost]

    def _lost_worker(self, lost: LostWorker) -> Problem:
        why = f"worker {lost.id} on {lost.host}, process {lost.pid}, was declared dead"
        return self._trouble(ProblemKind.WORKER, lost.id, why, at=lost.beat)

    async def _count_failures(self) -> None:
        await self._forget_answered()
        window, counted_from = self._settings.window, self._leadership.memory.counted_from
        recent = await self._store.failed_since(self._clock.now() - window)
        counted = Counter(workflow for workflow, at in recent if at > counted_from.get(workflow, 0.0))
        for workflow, failed in counted.items():
            if failed >= self._settings.burst and workflow != MONITOR:
                why = f"{failed} runs failed within {window:g} s"
                await self._begin_of_store(self._trouble(ProblemKind.FAILURES, workflow, why))

    def _trouble(
        self, kind: ProblemKind, subject: str, why: str, *, version: str = "", at: float | None = None
    ) -> Problem:
        return Problem(
            kind=kind, subject=subject, version=version, why=why, at=self._clock.now() if at is None else at,
            seen_by=self._worker.id,
        )  # fmt: skip

    # Incidents

    async def _begin_of_store(self, trouble: Problem) -> None:
        """Begin an incident of something that concerns the whole store, unless there was one since it was well."""
        known = self._leadership.memory.known
        if (run := known.get(trouble.name)) is None or await self._is_back(run):
            known[trouble.name] = await self._begin(trouble)

    async def _begin(self, trouble: Problem) -> str:
        """Begin an incident, unless one is open already, here or in another process: that has the same tag."""
        page = await self._store.runs(RunQuery(workflow=MONITOR, limit=_LISTED))
        tags = [run.tag or "" for run in page.items]
        number = max((int(tag.rpartition("#")[2]) for tag in tags if tag.rpartition("#")[0] == trouble.name), default=1)
        card, payload = self.workflow.card, encode(self.workflow.input.dump(trouble))
        while True:
            tag = f"{trouble.name}#{number}"
            options = RunOptions(tag=tag, tenant=INSTALLATION, principal=MONITOR, priority=_PRIORITY)
            run = new_run(self._ids.new("run"), card, payload, options, seed=self._ids.seed(), at=self._clock.now())
            found, new = await self._worker.begin(run)
            there = await self._store.run(found)
            if new or there is None or not there.state.ended or trouble.kind is ProblemKind.WORKER:
                break
            number += 1
        if new:
            _LOG.warning("incident %s: %s %s: %s", found, trouble.subject, trouble.version, trouble.why)
        return found

    async def _is_back(self, incident: str) -> bool:
        """Whether something is in trouble again of which an incident said that it works."""
        run = await self._store.run(incident)
        if run is None or run.state is not RunState.DONE:
            return False
        last = await last_of(self._store, run)
        return last.value() in (Ending.RESTARTED, Ending.RECOVERED)

    async def _tell_well(self, name: str) -> None:
        """Tell an incident that what it is about has passed."""
        if (run := self._open.get(name)) is not None:
            signal = Signal(self._ids.new("s"), "user", HEALTHY, HEALTHY, self._clock.now())
            await self._worker.commits.submit(Send(run, signal))

    async def _is_gone(self, worker: str) -> bool:
        return await in_thread(self._store.workers.is_fenced, worker)

    async def _open_incidents(self) -> dict[str, str]:
        """Return the incidents that are open, of whichever process, by what they are about."""
        queries = [RunQuery(workflow=MONITOR, state=state, limit=_LISTED) for state in _OPEN]
        pages = [await self._store.runs(query) for query in queries]
        return {(run.tag or "").rpartition("#")[0]: run.id for page in pages for run in page.items}

    async def _forget_answered(self) -> None:
        """Have failed runs count anew once the incident about those before is closed."""
        memory, window_began = self._leadership.memory, self._clock.now() - self._settings.window
        for name, incident in list(memory.known.items()):
            kind, _, workflow = name.partition(":")
            run = await self._store.run(incident) if kind == ProblemKind.FAILURES else None
            if run is not None and run.state.ended:
                memory.counted_from[workflow] = run.ended_at or self._clock.now()
                del memory.known[name]
        for workflow in [each for each, at in memory.counted_from.items() if at < window_began]:
            del memory.counted_from[workflow]

    # Hands

    async def diagnose(self, trouble: Problem) -> Json:
        """Return what facts and log tell."""
        return await self._diagnosis.of(trouble)

    async def restart(self, name: str, version: str, *, anew: bool) -> Json:
        """Restart what an agent needs, unless it has nothing to restart or was restarted often enough."""
        card = self._card(name, version)
        if card is None or card.health is None or card.health.restart is None:
            return {"possible": False, "restarted": False, "why": "it has no restart"}
        most = self._settings.restarts
        try:
            if not await self._restarts.begin(name, version, most=most, anew=anew):
                return {"possible": False, "restarted": False, "why": f"it was restarted {most} times within an hour"}
        except StoreError as error:
            return {"possible": False, "restarted": False, "why": f"how often it was restarted is not known: {error}"}
        try:
            async with asyncio.timeout(self._settings.max_wait):
                await called(card.health.restart)
        except Exception as error:  # foreign code: whatever it raises says that it did not restart
            failure = failure_of(error)
            return {"possible": True, "restarted": False, "why": f"{failure.type}: {failure.message}"}
        return {"possible": True, "restarted": True, "why": ""}

    async def verify(self, name: str, version: str) -> Json:
        """Look at an agent anew."""
        card = self._card(name, version)
        if card is None:
            return {"condition": Condition.UNKNOWN, "why": "it is not registered here"}
        finding = await self._conditions.examine(card, anew=True)
        return {"condition": finding.condition, "why": finding.why}

    async def substitute_version(self, name: str, version: str) -> Json:
        """Return the version that is called instead of this one."""
        choice = self._worker.dispatcher.substitute_version(name)
        return None if choice is None or choice.version == version else choice.version

    async def requeue(self, trouble: Problem) -> Json:
        """Have the runs of a trouble go on from what failed."""
        runs = [trouble.subject]
        if trouble.kind is ProblemKind.FAILURES:
            failed = await failed_since(self._store, trouble.subject, trouble.at - self._settings.window)
            runs = [run.id for run in reversed(failed) if run.parent is None]
        errors: dict[str, str] = {}
        for run in runs:
            try:
                await self._operator.retry(run)
            except PodiumError as error:
                errors[run] = str(error)
        return {"requeued": len(runs) - len(errors), "errors": errors}

    def _card(self, name: str, version: str) -> Card | None:
        known = self._registry.has(name, version)
        return self._worker.dispatcher.card(self._registry.get(name, version)) if known else None
