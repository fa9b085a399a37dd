"""`podium runs retry|raise-budget|fork|repin|redact`: having a run go on, in whichever way; or emptying it."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.going_on import WentOn, go_on, tell
from podium.cli.input import read_input
from podium.cli.load import load, split
from podium.cli.named import run_in
from podium.cli.opening import drive, existing, export_environment
from podium.cli.options import FileOption, JsonOption, ModelOption, RunArgument, SetOption, StoreOption, WrongOption
from podium.cli.output import count, note, print_json
from podium.cli.report import report
from podium.cli.stopping import INTERRUPTED
from podium.cli.waiting import Standstill, settle
from podium.engine.worker.waiters import End
from podium.errors import UsageError
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


def raise_budget(
    run_id: RunArgument,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")],
    usd: Annotated[float, typer.Option(metavar="DOLLARS", help="So many dollars more.")] = 0.0,
    tokens: Annotated[int, typer.Option(help="So many tokens more.")] = 0,
    calls: Annotated[int, typer.Option(help="So many calls more.")] = 0,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; else who is logged in.")] = None,
    store: StoreOption = None,
) -> None:
    """Add to the own budget of a failed or blocked run; then retry it."""
    who = by or login()

    async def work() -> str:
        async with App.open(config=existing(store)) as app:
            run = (await run_in(app, run_id)).id
            await app.operations.raise_budget(run, usd=usd, tokens=tokens, calls=calls, why=why, by=who)
            return run

    print(f"the budget of run {drive(work())} is raised")


def fork(
    run_id: RunArgument,
    file: _FileArgument,
    key: Annotated[str, typer.Option("--at", "--from", metavar="KEY", help="The first call that is made anew.")],
    input: Annotated[
        str | None, typer.Option(metavar="JSON|@FILE|-", help="What that call is given instead of what it was given.")
    ] = None,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a new run that shares what came before a call, and drive it on from there."""
    agents = _agents(file, model, settings)
    edit = {} if input is None else {"input": read_input(input)}

    async def work() -> tuple[str, End | Standstill | None]:
        async with App.open(config=existing(store)) as app:
            app.register(*agents)
            old = (await run_in(app, run_id)).id
            handle = await app.operations.fork(old, key, **edit)
            note(f"run {handle.id}, forked from {old} at {key}")
            return handle.id, await _settled(app, handle, agents)

    _tell(*_driven(run_id, work), file, as_json=as_json)


def repin(
    file: _FileArgument,
    to: Annotated[str, typer.Option("--to", metavar="VERSION", help="The version that it goes on under.")],
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The id of a run, as much of it as is unique, or `last`.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option(metavar="NAME", help="Instead of RUN all runs of this workflow that have not ended.")
    ] = None,
    version: Annotated[str | None, typer.Option(metavar="VERSION", help="The version that these have now.")] = None,
    key: Annotated[
        str | None, typer.Option("--from", metavar="KEY", help="Make this call and all after it anew.")
    ] = None,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a run to another version of its workflow, and drive it on; refused where its journal does not fit.

    With --workflow and --version all runs of that version; it says which did not fit, and exits with 1 then.
    """
    agents = _agents(file, model, settings)
    if (workflow is None) != (version is None) or (workflow is None) == (run_id is None):
        raise UsageError("say which: RUN, or --workflow NAME and --version VERSION.")
    if run_id is None:
        if key is not None:
            raise WrongOption("--from goes with one RUN.")
        raise typer.Exit(_repin_all(str(workflow), str(version), to, agents, store, as_json=as_json))

    async def work() -> tuple[str, End | Standstill | None]:
        async with App.open(config=existing(store)) as app:
            app.register(*agents)
            handle = await app.operations.repin((await run_in(app, run_id)).id, to, from_key=key)
            return handle.id, await _settled(app, handle, agents)

    _tell(*_driven(run_id, work), file, as_json=as_json)


def _repin_all(
    workflow: str, version: str, to: str, agents: Sequence[AnyAgent], store: str | None, *, as_json: bool
) -> int:
    """Move all runs of a version of a workflow, then drive those on that fit."""

    async def work() -> list[WentOn]:
        async with App.open(config=existing(store)) as app:
            app.register(*agents)
            moved = await app.operations.repin_all(workflow, version, to)
            stayed = [WentOn(run=each.run, error=each.error) for each in moved if each.error]
            return [*stayed, *await go_on(app, [each.run for each in moved if not each.error])]

    try:
        done = drive(work())
    except KeyboardInterrupt:
        note("interrupted: what was moved goes on with: podium work FILE")
        return INTERRUPTED
    none = f"no runs of {workflow} {version} that have not ended"
    return tell(done, changed="moved", where=f"moved to version {to}", none=none, as_json=as_json)


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
