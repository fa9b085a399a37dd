"""Watches over agents, runs and workers, and begins an incident for what it sees go wrong."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from podium.dispatch.condition import Condition, Conditions
from podium.dispatch.failure import failure_of
from podium.dispatch.rules.health.checks import called
from podium.engine.run.starting import new_run
from podium.engine.worker.waiters import last_of
from podium.engine.worker.worker import Worker
from podium.errors import PodiumError
from podium.model.agent import AnyAgent, Card
from podium.model.clock import Clock
from podium.model.ids import Ids
from podium.model.incident import HEALTHY, MONITOR, Ending, MonitorSettings, Problem, ProblemKind, trouble_of
from podium.model.json import Json
from podium.model.principal import INSTALLATION
from podium.model.run import BlockedReason, RunOptions, RunState, Signal
from podium.operations.monitor.diagnosis import Diagnosis, failed_since
from podium.operations.monitor.incident import incidents
from podium.operations.monitor.log_tail import LogTail
from podium.operations.operator import Operator
from podium.reports.dead_letters import is_discard
from podium.services.to_the_end import to_the_end
from podium.store.codec import encode
from podium.store.operations import Send
from podium.store.protocol import RunQuery

_LOG = logging.getLogger("podium")

_PRIORITY = 100
"""Incidents go before ordinary runs."""
_LISTED = 1_000
_HOUR = 3_600.0
_LOOKED_BACK = 86_400.0
"""Workers that died longer before the monitor began are not told of."""
_OPEN = (RunState.READY, RunState.RUNNING, RunState.PARKED, RunState.BLOCKED)


@dataclass(slots=True, kw_only=True)
class _Known:
    """Something in trouble that has its incident; it gets no other before it was well again."""

    trouble: Problem
    run: str


class Monitor:
    """The monitor of one process: its agents, and the store's runs and workers."""

    def __init__(
        self, worker: Worker, conditions: Conditions, clock: Clock, ids: Ids, settings: MonitorSettings
    ) -> None:
        self._worker = worker
        self._operator = Operator(worker, clock, ids)
        self._conditions = conditions
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._log = LogTail(clock)
        self._store = worker.store
        self._registry = worker.dispatcher.registry
        self._diagnosis = Diagnosis(self._store, self._registry, conditions, self._log, window=settings.window)
        self._known: dict[str, _Known] = {}
        self._open: dict[str, str] = {}
        self._counted_from: dict[str, float] = {}
        """Of each workflow, since when failed runs count that no incident was about yet."""
        self._restarts: dict[tuple[str, str], list[float]] = {}
        """When agents were restarted."""
        self._began = clock.now()
        self._soon = asyncio.Event()
        self.workflow = incidents(self, settings)

    # Watching

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Watch while the block lasts."""
        self._conditions.watched(watched=True)
        watching = asyncio.create_task(self._run())
        try:
            with self._log.attached():
                yield
        finally:
            watching.cancel()
            await to_the_end(asyncio.wait([watching]))
            self._conditions.watched(watched=False)

    def look_soon(self) -> None:
        """Look before it is time: something has changed."""
        self._soon.set()

    async def _run(self) -> None:
        while True:
            self._soon.clear()
            try:
                await self.look()
            except Exception:  # the supervisor of a loop: a look that fails, for whatever reason, must not be the last
                _LOG.exception("the monitor could not look; it tries again")
            await self._until_next()

    async def _until_next(self) -> None:
        async with asyncio.TaskGroup() as group:
            soon = group.create_task(self._soon.wait())
            time = group.create_task(self._clock.sleep_until(self._clock.now() + self._settings.every))
            await asyncio.wait((soon, time), return_when=asyncio.FIRST_COMPLETED)
            soon.cancel()
            time.cancel()

    async def look(self) -> None:
        """Look once: begin an incident for what is new in trouble, and tell those whose trouble has passed."""
        self._open = await self._open_incidents()
        await self._look_at_agents()
        await self._count_failures()
        quarantined = {trouble.name: trouble async for trouble in self._quarantined()}
        passed = [
            name
            for name, known in self._known.items()
            if known.trouble.kind is ProblemKind.RUN and name not in quarantined
        ]
        for name in passed:
            await self._well(name)
        for trouble in (*quarantined.values(), *self._lost_workers()):
            await self._begin(trouble)

    async def _look_at_agents(self) -> None:
        watched = [self._worker.dispatcher.card(agent) for agent in self._agents()]
        found = await asyncio.gather(*(self._conditions.examine(card) for card in watched))
        for card, finding in zip(watched, found, strict=True):
            trouble = self._trouble(ProblemKind.AGENT, card.name, finding.why, version=card.version)
            if finding.condition is Condition.UNHEALTHY:
                await self._begin(trouble)
            elif finding.condition is Condition.HEALTHY:
                await self._well(trouble.name)

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

    def _lost_workers(self) -> Iterable[Problem]:
        for lost in self._store.workers.lost(self._began - _LOOKED_BACK):
            why = f"worker {lost.id} on {lost.host}, process {lost.pid}, was declared dead"
            yield self._trouble(ProblemKind.WORKER, lost.id, why, at=lost.beat)

    async def _count_failures(self) -> None:
        await self._forget_answered()
        window = self._settings.window
        recent = await self._store.failed_since(self._clock.now() - window)
        counted = Counter(workflow for workflow, at in recent if at > self._counted_from.get(workflow, 0.0))
        for workflow, failed in counted.items():
            if failed >= self._settings.burst and workflow != MONITOR:
                why = f"{failed} runs failed within {window:g} s"
                await self._begin(self._trouble(ProblemKind.FAILURES, workflow, why))

    def _trouble(
        self, kind: ProblemKind, subject: str, why: str, *, version: str = "", at: float | None = None
    ) -> Problem:
        return Problem(
            kind=kind, subject=subject, version=version, why=why, at=self._clock.now() if at is None else at,
            seen_by=self._worker.id,
        )  # fmt: skip

    # Incidents

    async def _begin(self, trouble: Problem) -> None:
        """Begin an incident, unless one is open already, here or in another process: that has the same tag."""
        if (known := self._known.get(trouble.name)) is not None and not await self._is_back(known):
            return
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
        self._known[trouble.name] = _Known(trouble=trouble, run=found)
        if new:
            _LOG.warning("incident %s: %s %s: %s", found, trouble.subject, trouble.version, trouble.why)

    async def _is_back(self, known: _Known) -> bool:
        """Whether something is in trouble again of which an incident said that it works."""
        run = await self._store.run(known.run)
        if run is None or run.state is not RunState.DONE:
            return False
        last = await last_of(self._store, run)
        return last.value() in (Ending.RESTARTED, Ending.RECOVERED)

    async def _well(self, name: str) -> None:
        """Tell an incident that what it is about has passed.

        The health of an agent is that of a process: another one says so only where the one that saw it is gone.
        """
        self._known.pop(name, None)
        run = self._open.get(name)
        if run is None:
            return
        trouble = trouble_of((await self._store.facts(run))[0])
        another = trouble.kind is ProblemKind.AGENT and trouble.seen_by != self._worker.id
        if another and not self._store.workers.is_fenced(trouble.seen_by):
            return
        signal = Signal(self._ids.new("s"), "user", HEALTHY, HEALTHY, self._clock.now())
        await self._worker.commits.submit(Send(run, signal))

    async def _open_incidents(self) -> dict[str, str]:
        """Return the incidents that are open, of whichever process, by what they are about."""
        queries = [RunQuery(workflow=MONITOR, state=state, limit=_LISTED) for state in _OPEN]
        pages = [await self._store.runs(query) for query in queries]
        return {(run.tag or "").rpartition("#")[0]: run.id for page in pages for run in page.items}

    async def _forget_answered(self) -> None:
        """Have failed runs count anew once the incident about those before is closed."""
        for name, known in list(self._known.items()):
            run = await self._store.run(known.run) if known.trouble.kind is ProblemKind.FAILURES else None
            if run is not None and run.state.ended:
                self._counted_from[known.trouble.subject] = run.ended_at or self._clock.now()
                del self._known[name]

    # Hands

    async def diagnose(self, trouble: Problem) -> Json:
        """Return what facts and log tell."""
        return await self._diagnosis.of(trouble)

    async def restart(self, name: str, version: str, *, anew: bool) -> Json:
        """Restart what an agent needs, unless it has nothing to restart or was restarted often enough."""
        card = self._card(name, version)
        if card is None or card.health is None or card.health.restart is None:
            return {"possible": False, "restarted": False, "why": "it has no restart"}
        now, most = self._clock.now(), self._settings.restarts
        lately = [] if anew else [at for at in self._restarts.get((name, version), ()) if now - at < _HOUR]
        if len(lately) >= most:
            return {"possible": False, "restarted": False, "why": f"it was restarted {most} times within an hour"}
        self._restarts[name, version] = [*lately, now]
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
