"""`podium runs retry|fork|repin|redact`: having a run go on, from an earlier call, under other code; or emptying it."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.load import load, split
from podium.cli.opening import drive, existing, export_environment, run_in
from podium.cli.options import FileOption, JsonOption, ModelOption, RunArgument, SetOption, StoreOption
from podium.cli.output import count, note, print_json
from podium.cli.report import report
from podium.cli.stopping import INTERRUPTED
from podium.cli.waiting import Standstill, settle
from podium.engine.worker.waiters import End
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent

_Change = Callable[[], Coroutine[object, None, tuple[str, End | Standstill | None]]]
_FileArgument = Annotated[
    str, typer.Option("--file", metavar="FILE[:NAME]", help="The file with the run's workflow, to drive it on.")
]


def retry(
    run_id: RunArgument,
    file: FileOption = None,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a failed or blocked run go on from what failed; with --file it is driven at once, else by `podium work`."""
    agents = _agents(file, model, settings)

    async def work() -> tuple[str, End | Standstill | None]:
        async with App.open(config=existing(store)) as app:
            handle = await app.operations.retry((await run_in(app, run_id)).id)
            app.register(*agents)  # after that: a blocked run whose workflow is served is taken up again by itself
            return handle.id, await _settled(app, handle, agents)

    _tell(*_driven(run_id, work), file, as_json=as_json)


def fork(
    run_id: RunArgument,
    file: _FileArgument,
    key: Annotated[str, typer.Option("--from", metavar="KEY", help="The first call that is made anew.")],
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a new run that shares what came before a call, and drive it on from there."""
    agents = _agents(file, model, settings)

    async def work() -> tuple[str, End | Standstill | None]:
        async with App.open(config=existing(store)) as app:
            app.register(*agents)
            old = (await run_in(app, run_id)).id
            handle = await app.operations.fork(old, key)
            note(f"run {handle.id}, forked from {old} at {key}")
            return handle.id, await _settled(app, handle, agents)

    _tell(*_driven(run_id, work), file, as_json=as_json)


def repin(
    run_id: RunArgument,
    file: _FileArgument,
    to: Annotated[str, typer.Option("--to", metavar="VERSION", help="The version that it goes on under.")],
    key: Annotated[
        str | None, typer.Option("--from", metavar="KEY", help="Make this call and all after it anew.")
    ] = None,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a run to another version of its workflow, and drive it on; refused where its journal does not fit."""
    agents = _agents(file, model, settings)

    async def work() -> tuple[str, End | Standstill | None]:
        async with App.open(config=existing(store)) as app:
            app.register(*agents)
            handle = await app.operations.repin((await run_in(app, run_id)).id, to, from_key=key)
            return handle.id, await _settled(app, handle, agents)

    _tell(*_driven(run_id, work), file, as_json=as_json)


def redact(
    run_id: RunArgument,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who redacts; else who is logged in.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what an ended run and its child runs were given, said and gave; that it took place stays provable."""
    who = by or login()

    async def work() -> tuple[str, int]:
        async with App.open(config=existing(store)) as app:
            run = (await run_in(app, run_id)).id
            return run, await app.operations.redact(run, by=who, why=why)

    run, redacted = drive(work())
    if as_json:
        print_json({"run": run, "redacted": redacted})
    elif redacted:
        print(f"run {run} is redacted, {count(redacted, 'run')} in all")
    else:
        print(f"run {run} was redacted before")


def _agents(file: str | None, model: str | None, settings: Sequence[str] | None) -> Sequence[AnyAgent]:
    export_environment(model, settings)
    return () if file is None else load(split(file)[0]).agents


async def _settled(app: App, handle: AnyHandle, agents: Sequence[AnyAgent]) -> End | Standstill | None:
    """Drive the run on where its code is at hand; else it stays ready."""
    return await settle(app, handle.id, wait=False) if agents else None


def _driven(run_id: str, work: _Change) -> tuple[str, End | Standstill | None]:
    try:
        return drive(work())
    except KeyboardInterrupt:
        note(f"interrupted: run {run_id} keeps what is done. Go on with: podium work FILE")
        raise typer.Exit(INTERRUPTED) from None


def _tell(run: str, ended: End | Standstill | None, file: str | None, *, as_json: bool) -> None:
    if ended is not None:
        raise typer.Exit(report(run, file or "FILE", ended, as_json=as_json))
    if as_json:
        print_json({"run": run, "state": "ready"})
    else:
        print(f"run {run} is ready to go on: podium work FILE")
