"""Runs that begin by the clock: DBOS has one workflow for each time, which starts the run under an id made of both."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any, Literal, NoReturn, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from dbos import ClientScheduleInput, DBOSClient, EnqueueOptions

from podium.errors import ConfigError
from podium.fleets.dbos.options import RunSchedule
from podium.fleets.dbos.placements import TICK, TICKS, VERSION


@dataclass(frozen=True, slots=True)
class Tick:
    """One time of a schedule, which has come."""

    at: str
    name: str
    schedule: RunSchedule
    attempt: int
    """How many processes could not start the run."""
    done: "Future[bool]"

    @property
    def run(self) -> str:
        """The id of the run."""
        return f"{self.name}@{self.at}"


def tick_of(at: str, stored: Mapping[str, Any], done: "Future[bool]") -> Tick:
    """Return what DBOS was told of a schedule, as a time of it."""
    return Tick(at, stored["name"], RunSchedule(**stored["schedule"]), stored["attempt"], done)


def check(schedules: Mapping[str, RunSchedule]) -> None:
    """Raise ConfigError where a schedule says no times."""
    for name, schedule in schedules.items():
        if not croniter.is_valid(schedule.cron, second_at_beginning=True):
            _refuse(name, "cron", schedule.cron, "minute, hour, day, month and weekday, such as '0 9 * * 1-5'")
        try:
            ZoneInfo(schedule.timezone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            _refuse(name, "timezone", schedule.timezone, "the name of a time zone, such as 'Europe/Berlin'")


class Schedules:
    """The schedules as DBOS has them. All of it blocks."""

    def __init__(self, client: DBOSClient, schedules: Mapping[str, RunSchedule]) -> None:
        self._client = client
        self.wanted = schedules

    def apply(self) -> None:
        """Have DBOS know these schedules and no others; one that is as it was goes on."""
        there = {each["schedule_name"]: {key: each[key] for key in _COMPARED} for each in self._client.list_schedules()}
        for name in there.keys() - self.wanted.keys():
            self._client.delete_schedule(name)
        wanted = {name: _for_dbos(name, schedule) for name, schedule in self.wanted.items()}
        self._client.apply_schedules([
            schedule for name, schedule in wanted.items()
            if {key: schedule.get(key) for key in _COMPARED} != there.get(name)
        ])  # fmt: skip

    def again(self, tick: Tick, delay: float) -> None:
        """Have another process start the run of a time."""
        options: EnqueueOptions = {
            "workflow_name": TICK, "queue_name": TICKS, "workflow_id": f"{tick.run}~{tick.attempt + 1}",
            "app_version": VERSION, "delay_seconds": delay,
        }  # fmt: skip
        self._client.enqueue(options, tick.at, _stored(tick.name, tick.schedule, tick.attempt + 1))


_Compared = Literal["workflow_name", "schedule", "context", "automatic_backfill", "cron_timezone", "queue_name"]
_COMPARED: Sequence[_Compared] = get_args(_Compared)


def _stored(name: str, schedule: RunSchedule, attempt: int = 0) -> dict[str, Any]:
    return {"name": name, "schedule": asdict(schedule), "attempt": attempt}


def _for_dbos(name: str, schedule: RunSchedule) -> ClientScheduleInput:
    return {
        "schedule_name": name, "workflow_name": TICK, "schedule": schedule.cron, "context": _stored(name, schedule),
        "automatic_backfill": schedule.catch_up, "cron_timezone": schedule.timezone, "queue_name": TICKS,
    }  # fmt: skip


def _refuse(schedule: str, name: str, value: str, expected: str) -> NoReturn:
    raise ConfigError(f"the schedule {schedule!r} of the fleet 'dbos' sets {name} to {value!r}; expected {expected}.")
