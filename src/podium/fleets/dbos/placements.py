"""What DBOS has of runs: placements are put into its queues, looked for, and deleted. All of it blocks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from dbos import error as dbos_errors
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from podium.fleets.dbos.options import DbosOptions
from podium.store.operations import Placed

APPLICATION = "podium"
VERSION = "1"
"""That of what a placement carries, not of the program: a new release resumes what an old one placed."""
DRIVE = "podium.drive"
"""The workflow of DBOS that has a run driven."""
TICK = "podium.tick"
"""The workflow of DBOS that starts the run of a schedule."""
TICKS = f"{APPLICATION}.ticks"
"""The queue of DBOS in which times of schedules wait that have come."""
UNAVAILABLE = (SQLAlchemyError, dbos_errors.DBOSException)
"""What is raised while DBOS's tables cannot be used."""

_TICK_SECONDS = 1.0
"""How often a process looks whether the time of a schedule has come: each look is a transaction."""
_MIDDLE = 2**30
_LEAST, _MOST = 1, 2**31 - 1
"""DBOS's priorities: the lower, the more urgent."""
_OPEN = frozenset(("ENQUEUED", "DELAYED", "PENDING"))
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_DELETED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Placement:
    """A run that is ready, on its way to whoever drives it."""

    run: Placed
    attempt: int = 0
    """How many of this stretch of being ready ended without the run being driven."""
    delay: float = 0.0
    """Seconds that nobody is to take it."""

    @property
    def id(self) -> str:
        """That of DBOS's workflow: what is placed twice is one placement."""
        again = f"~{self.attempt}" if self.attempt else ""
        return f"{self.run.id}@{self.run.epoch}{again}"

    def dumped(self) -> list[Any]:
        """Return it as what DBOS stores."""
        run = self.run
        return [self.attempt, run.n, run.priority, run.crash_count, run.queue, run.epoch, run.tenant, run.id]


def loaded(stored: Sequence[Any]) -> Placement:
    """Return what was stored as a placement."""
    attempt, *run = stored
    return Placement(Placed(*run), attempt)


def queue_of(name: str) -> str:
    """Return DBOS's name for a queue: some names are DBOS's own."""
    return f"{APPLICATION}:{name}"


class _Rate(TypedDict):
    limit: int
    period: float


class Placements:
    """The placements of all processes, as DBOS keeps them."""

    def __init__(self, url: str, schema: str, options: DbosOptions, *, slots: int, lease: float = 10.0) -> None:
        self._options = options
        self._slots = slots
        self._schema = schema
        self._engine = sa.create_engine(
            url, pool_size=2, max_overflow=0, pool_pre_ping=True,
            hide_parameters=True,  # what a schedule gives its runs is in no log
        )  # fmt: skip
        limit = f"SET idle_in_transaction_session_timeout = {max(1, round(lease * 1000))}"

        def bound(connection: Any, _: object) -> None:  # a process that is frozen holds up nobody for longer
            connection.execute(limit)
            connection.commit()

        event.listen(self._engine, "connect", bound)

        self.client = DBOSClient(
            system_database_engine=self._engine, dbos_system_schema=schema, serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION, lazy=True, retry_connection_errors=False,
        )  # fmt: skip
        """Also for what else DBOS is asked."""
        self._queues: set[str] = set()
        """Those that DBOS knows."""

    @staticmethod
    def make_tables(url: str, schema: str) -> None:
        """Make DBOS's tables, or bring them up to its version."""
        DBOS.migrate(url, schema=schema)

    def set_up(self, queues: Iterable[str]) -> None:
        """Have DBOS know these queues, and all others that there are, with the bounds that are set now."""
        prefix = queue_of("")
        known = [each.name.removeprefix(prefix) for each in self.client.list_queues() if each.name.startswith(prefix)]
        for name in {*queues, *known, *self._options.queues} - {"*"}:
            self._register(name, "always_update")
        self.client.register_queue(TICKS, polling_interval_sec=_TICK_SECONDS, on_conflict="always_update")

    def enqueue(self, batch: Collection[Placement]) -> None:
        """Place runs, all or none; nothing happens for those that are placed."""
        for queue in {each.run.queue for each in batch} - self._queues:
            self._register(queue, "never_update")
        with self._engine.begin() as connection:
            for each in sorted(batch, key=lambda placement: placement.id):  # in one order, as others place the same
                self.client.enqueue_in_transaction(connection, self._enqueued(each), each.dumped())

    def lost(self, runs: Iterable[Placed]) -> list[Placement]:
        """Return what is to be placed so that these runs, which are ready, have a placement that is not over."""
        found: list[Placement] = []
        open_to_doubt = [Placement(run) for run in runs]
        while open_to_doubt:
            states = self._states([each.id for each in open_to_doubt])
            found += [each for each in open_to_doubt if each.id not in states]
            over = [each for each in open_to_doubt if states.get(each.id, "ENQUEUED") not in _OPEN]
            open_to_doubt = [Placement(each.run, each.attempt + 1) for each in over]
        return found

    def executors(self) -> set[str]:
        """Return those that placements are with."""
        table = sa.table("workflow_status", sa.column("executor_id"), sa.column("status"), schema=self._schema)
        pending = sa.select(table.c.executor_id).distinct().where(table.c.status == "PENDING")
        with self._engine.begin() as connection:
            return {row[0] for row in connection.execute(pending) if row[0] is not None}

    def forget(self, before: float) -> None:
        """Delete placements that were over by then."""
        while True:
            over = self.client.list_workflows(
                status=_OVER, completed_before=datetime.fromtimestamp(before, UTC).isoformat(),
                limit=_DELETED_AT_ONCE, load_input=False, load_output=False,
            )  # fmt: skip
            if over:
                self.client.delete_workflows([each.workflow_id for each in over])
            if len(over) < _DELETED_AT_ONCE:
                return

    def close(self) -> None:
        """Close all connections."""
        self.client.destroy()
        self._engine.dispose()

    def _register(self, name: str, on_conflict: Literal["always_update", "never_update"]) -> None:
        bounds, slots = self._options.bounds_of(name), self._slots
        self.client.register_queue(
            queue_of(name),
            worker_concurrency=slots if bounds.concurrency is None else min(slots, bounds.concurrency),
            global_concurrency=bounds.concurrency,
            limiter=_rate(bounds.runs, bounds.per),
            partition_concurrency=bounds.tenant_concurrency,
            partition_limiter=_rate(bounds.tenant_runs, bounds.per),
            polling_interval_sec=self._options.poll,
            on_conflict=on_conflict,
        )
        self._queues.add(name)

    def _enqueued(self, placement: Placement) -> EnqueueOptions:
        run = placement.run
        options: EnqueueOptions = {
            "workflow_name": DRIVE, "queue_name": queue_of(run.queue), "workflow_id": placement.id,
            "app_version": VERSION, "priority": min(max(_MIDDLE - run.priority, _LEAST), _MOST),
            "queue_partition_key": run.tenant,  # whether there are bounds by tenant now, or will be
        }  # fmt: skip
        if placement.delay:
            options["delay_seconds"] = placement.delay
        return options

    def _states(self, ids: list[str]) -> Mapping[str, str]:
        found = self.client.list_workflows(workflow_ids=ids, load_input=False, load_output=False)
        return {each.workflow_id: each.status for each in found}


def _rate(runs: int | None, per: float) -> _Rate | None:
    return None if runs is None else {"limit": runs, "period": per}
