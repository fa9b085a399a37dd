"""DBOS in this process: it takes placements out of its queues, and has runs driven by whoever it was launched for.

DBOS has one instance in a process, and what it runs are functions of a module; so which executor they are for is kept
here.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from threading import Lock
from time import sleep
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from podium.errors import ConfigError
from podium.fleets.dbos.placements import APPLICATION, DRIVE, TICK, TICKS, VERSION, Placement, loaded, queue_of
from podium.fleets.dbos.schedules import Tick, tick_of
from podium.fleets.dbos.unofficial import is_busy, is_used, resume

Arrived = Callable[[Placement, "Future[bool]"], None]
"""Has a run driven, and says whether it was, once it has left memory; called in a thread of DBOS."""

_CONNECTIONS = 5
_THREADS = 16
_SCHEDULE_SECONDS = 5.0
"""How often DBOS looks whether schedules have changed."""
_LOOKS, _LOOK_SECONDS = 500, 0.01
"""How often, and how long between two times, DBOS is looked at until it has written down what came of placements."""


class Executor:
    """DBOS as it is launched for a worker, under its name."""

    _here: "Executor | None" = None

    def __init__(
        self, url: str, schema: str, worker: str, queues: Sequence[str], arrived: Arrived,
        ticked: Callable[[Tick], None], lease: float,
    ) -> None:  # fmt: skip
        self.worker = worker
        self._url = url
        self._schema = schema
        self._queues = queues
        self._arrived = arrived
        self._ticked = ticked
        self._lease = lease
        self._dbos: DBOS | None = None
        self._stopped = False
        self._lock = Lock()

    @staticmethod
    def check() -> None:
        """Raise ConfigError where DBOS is used in this process already."""
        if is_used():
            raise ConfigError(
                "this process uses DBOS already: in another app of Podium, or in the program itself. DBOS has one "
                "instance in a process; open the other app in a process of its own, or with fleet = 'store'."
            )

    def launch(self) -> None:
        """Begin to take placements out of the queues, unless it was stopped; blocks."""
        with self._lock:
            if not self._stopped:
                self._launch()

    def _launch(self) -> None:
        self.check()
        _be_quiet()
        config: DBOSConfig = {
            "name": APPLICATION, "system_database_url": self._url, "dbos_system_schema": self._schema,
            "application_version": VERSION, "executor_id": self.worker, "serializer": DBOSPortableJSONSerializer(),
            "sys_db_pool_size": _CONNECTIONS, "max_executor_threads": _THREADS, "enable_otlp": False,
            "sys_db_idle_transaction_timeout_sec": self._lease,  # one that is frozen holds up nobody for longer
            "db_engine_kwargs": {"hide_parameters": True},  # what a schedule gives its runs is in no log
            "log_level": "WARNING", "scheduler_polling_interval_sec": _SCHEDULE_SECONDS,
        }  # fmt: skip
        self._dbos = DBOS(config=config)
        _register()
        if self._queues:
            DBOS.listen_queues([*(queue_of(name) for name in self._queues), TICKS])
        Executor._here = self
        DBOS.launch()

    def take_nothing_more(self) -> None:
        """Take no more placements out of the queues."""
        if self._dbos is not None:
            for each in self._dbos.background_thread_stop_events:
                each.set()

    def resume(self, executors: Sequence[str]) -> None:
        """Have the placements that are with dead executors taken by others; blocks."""
        if executors:
            resume(executors)

    def stop(self) -> None:
        """Take no more, let DBOS write down what came of placements that are over, and end it; blocks."""
        with self._lock:
            self._stopped = True
            if self._dbos is None:
                return
            self.take_nothing_more()
            for _ in range(_LOOKS):
                if not is_busy(self._dbos):
                    break
                sleep(_LOOK_SECONDS)
            DBOS.destroy()
            Executor._here = self._dbos = None

    def arrive(self, placement: Placement) -> "Future[bool]":
        """Have a run driven; the future tells whether it was."""
        done: Future[bool] = Future()
        self._arrived(placement, done)
        return done

    def tick(self, at: str, stored: Mapping[str, Any]) -> "Future[bool]":
        """Have the run of a time started; the future tells when somebody has seen to it."""
        done: Future[bool] = Future()
        self._ticked(tick_of(at, stored, done))
        return done

    @classmethod
    def here(cls) -> "Executor | None":
        """Return the one that DBOS was launched for."""
        return cls._here


async def _drive(stored: list[Any]) -> bool:
    """Have a run driven until it leaves memory; whether it was."""
    executor = Executor.here()
    return executor is not None and await asyncio.wrap_future(executor.arrive(loaded(stored)))


async def _tick(at: str, stored: dict[str, Any]) -> bool:
    """Have the run of a time started."""
    executor = Executor.here()
    return executor is not None and await asyncio.wrap_future(executor.tick(at, stored))


@cache
def _register() -> None:
    """Make known to DBOS, once in a process, what its workflows do."""
    DBOS.workflow(name=DRIVE, max_recovery_attempts=None)(_drive)
    DBOS.workflow(name=TICK, max_recovery_attempts=None)(_tick)


def _be_quiet() -> None:
    """Leave it to the program what becomes of what DBOS logs: by itself it writes to the console."""
    log = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
