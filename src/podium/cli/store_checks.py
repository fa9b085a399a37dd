"""What `podium doctor` looks at: the store, its runs and its workers."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from podium.cli.checks import DoctorFinding, Level
from podium.cli.opening import ALL, look, open_readonly
from podium.cli.output import count, moment, one_line
from podium.config import Config, load_config
from podium.errors import ConfigError, StoreError
from podium.facade.reader import Reader
from podium.model.run import Run, RunState
from podium.model.worker_standing import WorkerStanding
from podium.reports.workers import WorkerState
from podium.store.opening import is_memory, shown, sqlite_file
from podium.store.protocol import ChainFault

_SHOWN = 5


def check_store(store: str | None) -> Iterator[DoctorFinding]:
    """Look at the store that the settings name."""
    try:
        config = load_config(store=store)
    except ConfigError as error:
        yield DoctorFinding(Level.WRONG, str(error), "Mend the setting, then run `podium doctor` again.")
        return
    if is_memory(config.store):
        yield DoctorFinding(Level.NOTE, "the store is :memory:, nothing is kept", "Set `store` to a file to keep runs.")
        return
    file = sqlite_file(config.store)
    if file is not None and not file.exists():
        yield DoctorFinding(Level.NOTE, f"there is no store at {config.store} yet", "`podium run` makes it.")
        return
    try:
        yield from look(config.store, lambda reader: _inside(reader, config, file))
        yield from _moved(config)
    except StoreError as error:
        mend = "Restore a backup, or name another file" if file is not None else "Mend that, or name another store"
        yield DoctorFinding(Level.WRONG, str(error), f"{mend} with --store.")


async def _inside(reader: Reader, config: Config, file: Path | None) -> list[DoctorFinding]:
    schema, damage = _read(file) if file is not None else (0, [])
    if damage:
        said = one_line("; ".join(damage[:_SHOWN]), 300)
        return [DoctorFinding(Level.WRONG, f"the store {shown(config.store)} is damaged: {said}", "Restore a backup.")]
    sound = f", schema {schema}, and is whole" if file is not None else ""
    whole = DoctorFinding(Level.GOOD, f"the store {shown(config.store)} opens{sound}")
    runs = (await reader.runs.list(limit=ALL)).items
    faults = [fault for run in runs for fault in await reader.reports.verify(run.id)]
    alive = [worker for worker in await reader.reports.workers() if worker.standing is not WorkerStanding.GONE]
    return [whole, *_chains(runs, faults), *_work(runs, alive)]


def _moved(config: Config) -> Iterator[DoctorFinding]:
    """Say where the store goes on, if that is not here."""
    with open_readonly(config.store) as store:
        to = store.upkeep.given_over()
    if to is not None:
        what = f"the store was moved to {to.to} by {to.by}, {moment(to.at)}: nobody drives runs here any more"
        remedy = "Name that one with --store. To go on here instead: podium store move --undo FROM"
        yield DoctorFinding(Level.WRONG, what, remedy)


def _read(file: Path) -> tuple[int, list[str]]:
    """Return schema version and damages; it reads only."""
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
            damage = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        except sqlite3.DatabaseError as error:
            return 0, [str(error)]
    return schema, damage


def _chains(runs: Sequence[Run], faults: Sequence[ChainFault]) -> Iterator[DoctorFinding]:
    for fault in faults[:_SHOWN]:
        what = f"run {fault.run}, fact {fault.seq}: {fault.what}"
        yield DoctorFinding(Level.WRONG, what, "Somebody changed the store; compare it with a backup.")
    if len(faults) > _SHOWN:
        what = f"and {count(len(faults) - _SHOWN, 'more fault')}"
        yield DoctorFinding(Level.WRONG, what, "`podium runs verify RUN` shows all those of a run.")
    if not faults:
        yield DoctorFinding(Level.GOOD, f"the hash chains of {count(len(runs), 'run')} hold")


def _work(runs: Sequence[Run], alive: Sequence[WorkerState]) -> Iterator[DoctorFinding]:
    """Look at who drives what."""
    living = {worker.id for worker in alive}
    yield DoctorFinding(Level.GOOD, f"{count(len(alive), 'worker')} alive")
    left = [run for run in runs if run.state is RunState.RUNNING and run.owner not in living]
    if left:
        what = f"{count(len(left), 'run')} left by a process that died or stands still: {_some(left)}"
        yield DoctorFinding(Level.WRONG, what, _work_on(left))
    ready = [run for run in runs if run.state is RunState.READY]
    if ready and not alive:
        yield DoctorFinding(
            Level.WRONG, f"{count(len(ready), 'run')} ready, and no worker: {_some(ready)}", _work_on(ready)
        )
    for run in [run for run in runs if run.state is RunState.BLOCKED][:_SHOWN]:
        remedy = "Bring the old code back, or move the run: podium runs repin"
        yield DoctorFinding(Level.WRONG, f"run {run.id} is blocked: {one_line(run.reason, 300)}", remedy)


def _some(runs: Sequence[Run]) -> str:
    more = ", …" if len(runs) > _SHOWN else ""
    return ", ".join(run.id for run in runs[:_SHOWN]) + more


def _work_on(runs: Sequence[Run]) -> str:
    names = ", ".join(sorted({run.workflow for run in runs}))
    return f"Serve {names}: podium work FILE"
