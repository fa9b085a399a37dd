"""What is known of something that went wrong, from the facts and the log: as JSON, for people to read."""

from collections import Counter

from podium.dispatch.condition import Conditions
from podium.dispatch.registry import Registry
from podium.errors import StoreError
from podium.model.facts.answers import AnsweredFailed
from podium.model.facts.calls import AttemptFailed
from podium.model.facts.notices import RunQuarantined
from podium.model.incident import Problem, ProblemKind
from podium.model.json import Json
from podium.model.run import Run, RunState
from podium.operations.monitor.log_tail import LogTail
from podium.store.protocol import DeadQuery, FailureQuery, ReadStore, RunQuery

_SHOWN = 10
"""So many failures, runs or lines of a log are told."""
MOST_FAILED = 1_000
"""So many failed runs are looked at."""


class Diagnosis:
    """Looks into what the monitor saw."""

    def __init__(
        self, store: ReadStore, registry: Registry, conditions: Conditions, log: LogTail, *, window: float
    ) -> None:
        self._store = store
        self._registry = registry
        self._conditions = conditions
        self._log = log
        self._window = window

    async def of(self, trouble: Problem) -> Json:
        """Return what is known of a trouble."""
        found: dict[str, Json] = {"seen": trouble.why, "log": self._log.since(trouble.at - self._window, _SHOWN)}
        try:
            match trouble.kind:
                case ProblemKind.AGENT:
                    found |= await self._of_agent(trouble.subject, trouble.version)
                case ProblemKind.RUN:
                    found |= await self._of_run(trouble.subject)
                case ProblemKind.WORKER:
                    found |= await self._of_worker()
                case ProblemKind.FAILURES:
                    found |= await self._of_failures(trouble)
        except StoreError as error:
            found["incomplete"] = str(error)
        return found

    async def _of_agent(self, name: str, version: str) -> dict[str, Json]:
        records = await self._store.records([name])
        failures = await self._store.failures(FailureQuery(agent=name, version=version, limit=_SHOWN))
        others = {
            agent.card.version: "available" if self._conditions.is_available(agent.card) else "not available"
            for agent in self._registry.versions(name)
            if agent.card.version != version
        }
        return {
            "calls": sum(each.calls for each in records if each.version == version),
            "failed": sum(each.failed for each in records if each.version == version),
            "failures": [
                {"run": each.run, "at": each.fact.at, "error": f"{said.type}: {said.message}"}
                for each in failures.items
                if isinstance(said := each.fact.content, AttemptFailed | AnsweredFailed)
            ],
            "other versions": others,
        }

    async def _of_run(self, run_id: str) -> dict[str, Json]:
        facts = await self._store.facts(run_id)
        strikes = (said.strikes for fact in reversed(facts) if isinstance(said := fact.content, RunQuarantined))
        return {"strikes": next(strikes, 0),
                "last": [f"{fact.kind.name} {fact.key}" for fact in facts[-_SHOWN:]]}  # fmt: skip

    async def _of_worker(self) -> dict[str, Json]:
        states = (RunState.READY, RunState.RUNNING, RunState.PARKED, RunState.BLOCKED)
        pages = [await self._store.runs(RunQuery(state=state)) for state in states]
        struck = [run for page in pages for run in page.items if run.crash_count]
        return {"runs that workers died with": [f"{run.id}, {run.crash_count} in a row" for run in struck[:_SHOWN]]}

    async def _of_failures(self, trouble: Problem) -> dict[str, Json]:
        runs = await failed_since(self._store, trouble.subject, trouble.at - self._window)
        reasons = Counter(run.reason for run in runs)
        shown = [run.id for run in runs[:_SHOWN]]
        return {"failed": len(runs), "reasons": dict(reasons.most_common(_SHOWN)), "runs": shown}


async def failed_since(store: ReadStore, workflow: str | None, since: float) -> list[Run]:
    """Return the runs that failed since a time, the newest first; not those that are quarantined."""
    found = await store.dead(DeadQuery(workflow=workflow, since=since, limit=MOST_FAILED))
    return [each.run for each in found.items if each.run.state is RunState.FAILED]
