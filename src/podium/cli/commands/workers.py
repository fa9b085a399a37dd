"""`podium workers`: who drives runs, how queues stand, how many workers there should be, and draining one."""

from typing import Annotated

import typer

from podium.cli.commands.inbox import login
from podium.cli.moments import span
from podium.cli.opening import drive, existing, look, open_readonly
from podium.cli.options import JsonOption, StoreOption
from podium.cli.output import duration, iso, moment, note, print_json, print_table
from podium.facade.reader import Reader
from podium.model.clock import SystemClock
from podium.model.json import Json
from podium.model.worker_standing import WorkerStanding
from podium.operations.workers import drain_worker
from podium.reports.workers import QueueState, WorkerState, WorkersWanted, standing_of
from podium.store.protocol import Store

commands = typer.Typer(
    help="Who drives runs, how queues stand, and draining a worker.", rich_markup_mode=None, no_args_is_help=True
)

_LOOK_SECONDS = 0.2


@commands.command("list")
def list_workers(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the workers that have not left: where each runs, what it serves, what it drives, whether it drains."""
    found = look(store, lambda reader: reader.reports.workers())
    if as_json:
        print_json([_worker_json(each) for each in found])
    elif not found:
        print("no worker is there: start one with `podium work FILE --forever`")
    else:
        rows = [
            (each.id, each.host, str(each.pid), moment(each.since), duration(each.silence), each.version,
             _queues(each), str(each.slots), str(each.running), f"{each.rate:.2g}/s", _standing(each))
            for each in found
        ]  # fmt: skip
        heads = ("WORKER", "HOST", "PID", "SINCE", "BEAT", "VERSION", "QUEUES", "SLOTS", "DRIVES", "BEGINS", "STATE")
        print_table(heads, rows)


@commands.command("queues")
def list_queues(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the queues: how many runs wait there, for how long, how many are driven, and how fast workers begin them."""
    found = look(store, lambda reader: reader.reports.queues())
    if as_json:
        print_json([_queue_json(each) for each in found])
    elif not found:
        print("no run waits or is driven, and no worker is there")
    else:
        rows = [
            (each.queue, str(each.ready), duration(each.oldest_age) if each.ready else "-", str(each.running),
             f"{each.rate:.2g}/s", str(each.workers), str(each.slots))
            for each in found
        ]  # fmt: skip
        print_table(("QUEUE", "READY", "OLDEST", "DRIVEN", "BEGINS", "WORKERS", "SLOTS"), rows)


@commands.command("wanted")
def wanted_workers(
    queue: Annotated[
        str | None, typer.Option("--queue", metavar="QUEUE", help="Only for the runs of this queue.")
    ] = None,
    within: Annotated[str, typer.Option(metavar="TIME", help="Whatever waits is to begin within: 10s, 2m.")] = "30s",
    slots: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Runs that a worker drives at once, where none is there to tell."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many workers there should be, from how many runs wait, for how long, and how fast they are begun."""
    seconds, each = span(within, "--within"), slots or existing(store).slots

    async def count(reader: Reader) -> tuple[WorkersWanted, list[str]]:
        wanted = await reader.reports.workers_wanted(queue, within=seconds, slots=each)
        return wanted, [known.queue for known in await reader.reports.queues()]

    found, known = look(store, count)
    if queue is not None and queue not in known:
        others = f" Those that are known are {', '.join(known)}." if known else ""
        note(f"no run waits or is driven in the queue {queue!r}, and no worker names it.{others}")
    if as_json:
        print_json(_wanted_json(found))
    else:
        print(found.why)


@commands.command("drain")
def drain(
    worker: Annotated[
        str, typer.Argument(metavar="WORKER", help="The id of a worker, as `podium workers list` has it.")
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Return once it drives nothing any more.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who wants it; else who is logged in.")] = None,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")] = "maintenance",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a worker begin nothing new, let what is under way end, and hand the rest back; `podium work` ends then.

    Wherever it runs, it is told at its next beat. Runs that it hands back go on with other workers. Exits with 1 if
    its process dies instead.
    """

    async def work() -> tuple[WorkerState, bool]:
        with open_readonly(store) as opened:
            told = await drain_worker(opened, worker, by=by or login(), why=why, now=SystemClock().now())
            return told, await _drained(opened, worker) if wait else told.standing is not WorkerStanding.GONE

    told, well = drive(work())
    if as_json:
        print_json({"worker": told.id, "drained": wait and well})
    elif told.standing is WorkerStanding.LEFT:
        print(f"worker {told.id} has left already: it drives nothing any more")
    elif well and not wait:
        print(f"worker {told.id} (pid {told.pid} on {told.host}) is told to drain at its next beat")
    elif well:
        print(f"worker {told.id} has drained: it drives nothing any more")
    if not well:
        note(f"error: worker {told.id} is gone before it had drained: others take over what it drove.")
        raise typer.Exit(1)


async def _drained(store: Store, worker: str) -> bool:
    """Wait until a worker drives nothing any more; False where its process dies instead."""
    clock = SystemClock()
    while True:
        row = await store.worker_row(worker)
        assert row is not None  # the rows of workers stay
        if row.left or row.drained_at is not None:
            return True
        if standing_of(row) is WorkerStanding.GONE:
            return False
        await clock.sleep_until(clock.now() + _LOOK_SECONDS)


def _queues(worker: WorkerState) -> str:
    return "all" if worker.queues is None else ", ".join(worker.queues) or "none"


def _standing(worker: WorkerState) -> str:
    return str(worker.standing) if worker.drain is None else f"{worker.standing} (by {worker.drain.by})"


def _worker_json(worker: WorkerState) -> Json:
    drain = worker.drain
    return {
        "id": worker.id, "host": worker.host, "pid": worker.pid, "since": iso(worker.since),
        "beat": iso(worker.beat), "silence": worker.silence, "version": worker.version,
        "queues": None if worker.queues is None else list(worker.queues), "slots": worker.slots,
        "running": worker.running, "rate": worker.rate, "state": str(worker.standing),
        "drain": None if drain is None else {"by": drain.by, "reason": drain.why, "at": iso(drain.at)},
    }  # fmt: skip


def _queue_json(queue: QueueState) -> Json:
    return {
        "queue": queue.queue, "ready": queue.ready, "oldest_age": queue.oldest_age, "running": queue.running,
        "rate": queue.rate, "workers": queue.workers, "slots": queue.slots,
    }  # fmt: skip


def _wanted_json(found: WorkersWanted) -> Json:
    return {
        "queue": found.queue, "wanted": found.wanted, "ready": found.ready, "oldest_age": found.oldest_age,
        "running": found.running, "rate": found.rate, "workers": found.workers, "slots": found.slots,
        "within": found.within, "reason": found.why,
    }  # fmt: skip
