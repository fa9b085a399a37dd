"""`podium runs`: looking at runs, and stopping them."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands import change
from podium.cli.console import CONSOLE
from podium.cli.input import read_input
from podium.cli.moments import instant
from podium.cli.named import run_in
from podium.cli.opening import drive, existing, follow, look
from podium.cli.options import (
    PAGE,
    CursorOption,
    JsonOption,
    LimitOption,
    RunArgument,
    SinceOption,
    StoreOption,
    TenantOption,
    UntilOption,
    WorkflowOption,
    WrongOption,
)
from podium.cli.output import (
    count,
    duration,
    iso,
    moment,
    note,
    note_next,
    one_line,
    print_json,
    print_table,
)
from podium.cli.stopping import INTERRUPTED
from podium.cli.streaming import EventPrinter
from podium.cli.tree.call import call_json, print_call
from podium.cli.tree.draw import Child, node_json, plain, render
from podium.cli.tree.facts import as_line, described
from podium.cli.tree.requests import print_requests, requests_json
from podium.errors import NotPossible, RunBlocked
from podium.facade.reader import Reader, View
from podium.facade.runs import RunFilters
from podium.model.fact import Fact
from podium.model.generation import generations_in
from podium.model.json import Json
from podium.model.run import Run, RunState
from podium.reports.calls.detail import CallDetail
from podium.reports.calls.requests import SentRequest
from podium.reports.calls.tree import tree_of
from podium.store.protocol import ChainFault

commands = typer.Typer(help="Look at runs, stop them, change them.", rich_markup_mode=None)


@commands.command("list")
def list_runs(
    workflow: WorkflowOption = None,
    state: Annotated[RunState | None, typer.Option(help="Only runs in this state.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this tag.")] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only where this stands in id, tag, workflow or reason.")
    ] = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, newest first."""
    conditions: RunFilters = {
        "workflow": workflow, "state": state, "tag": tag, "text": text, "tenant": tenant,
        "since": instant(since, "--since"), "until": instant(until, "--until"),
    }  # fmt: skip
    page: RunFilters = {**conditions, "limit": limit, "cursor": cursor}
    runs = look(store, lambda reader: reader.runs.list(**page))
    note_next(runs.cursor)
    if as_json:
        print_json([run_json(run) for run in runs])
        return
    if not runs:
        print("no such runs" if any(each is not None for each in conditions.values()) else "no runs")
        return
    print_table(("RUN", "WORKFLOW", "STATE", "TAG", "STARTED", "TOOK", "FACTS", "REASON"), [_row(run) for run in runs])


def _row(run: Run) -> tuple[str, ...]:
    took = "" if run.ended_at is None else duration(run.ended_at - run.created_at)
    name = f"{run.workflow} {run.version}"
    tag, began, reason = one_line(run.tag or "", 40), moment(run.created_at), one_line(run.reason, 80)
    return run.id, name, run.state, tag, began, took, str(run.facts), reason


@commands.command("show")
def show(
    run_id: RunArgument,
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="One call or step: what it was given and gave, in full.")
    ] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="Print what was sent to models, and how they answered.")
    ] = False,
    whole: Annotated[bool, typer.Option("--whole", help="With --messages: nothing is left out.")] = False,
    facts: Annotated[bool, typer.Option("--facts", help="Print the facts themselves.")] = False,
    children: Annotated[bool, typer.Option("--children", help="Draw the child runs too.")] = False,
    generation: Annotated[
        int | None, typer.Option(metavar="N", help="Another generation of a run that restarted.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All generations.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the tree of a run's calls: how long each took, attempts, tokens and cost, and what is waited for.

    Of a run that restarted it is the present generation.

    With KEY print all that is recorded of one call: input, messages of models and tools, questions, errors, output.
    With --messages print instead what was sent to models, in that call or in the whole run.
    """
    _check_together(
        {"KEY": key is not None, "--messages": messages, "--whole": whole, "--facts": facts, "--children": children,
         "--generation": generation is not None, "--all": every}
    )  # fmt: skip
    if messages:
        requests = look(store, lambda reader: _requests_in(reader, run_id, key))
        print_json(requests_json(requests)) if as_json else print_requests(requests, whole=whole)
        return
    if key is not None:
        detail = look(store, lambda reader: _call_in(reader, run_id, key))
        print_json(call_json(detail)) if as_json else print_call(detail)
        return

    async def wanted(reader: Reader) -> tuple[Family, str]:
        run = await run_in(reader, run_id)
        seen = await _facts_of(reader, run, generation, every=every)
        family = await family_of(reader, run, seen, children=children and not facts)
        return family, await reader.reports.unserved(run.id)

    family, unserved = look(store, wanted)
    run, recorded = next(iter(family.values()))
    if facts and as_json:
        print_json([as_line(fact) for fact in recorded])
    elif facts:
        print_table(("SEQ", "TIME", "FACT", "KEY", "WHAT"), [described(fact) for fact in recorded])
    elif as_json:
        print_json({**_tree_json(run, recorded, family, children=children), "unserved": unserved})
    else:
        _draw(run, recorded, family.get if children else None)
        if unserved:
            print(f"! nobody drives it: {one_line(unserved)}")


_APART: Mapping[str, tuple[Sequence[str], str]] = {
    "--messages": (
        ("--facts", "--children", "--generation", "--all"),
        "it prints all generations, or a KEY",
    ),
    "KEY": (("--facts", "--children", "--generation", "--all"), "it names one call, in its generation"),
    "--facts": (("--children",), "look at the facts of one run at a time"),
    "--generation": (("--all",), "it names one of them"),
}
"""What does not go together, and why."""


def _check_together(given: Mapping[str, bool]) -> None:
    """Raise WrongOption for options of `show` of which one would be passed over."""
    for name, (others, why) in _APART.items():
        for other in others:
            if given[name] and given[other]:
                raise WrongOption(f"{other} does not go with {name}: {why}.")
    if given["--whole"] and not given["--messages"]:
        raise WrongOption("--whole goes with --messages: it leaves nothing out of what was sent to models.")


async def _call_in(view: View, run_id: str, key: str) -> CallDetail:
    return await view.runs.call((await run_in(view, run_id)).id, key)


async def _requests_in(view: View, run_id: str, key: str | None) -> Sequence[SentRequest]:
    return await view.runs.messages((await run_in(view, run_id)).id, key)


Family = dict[str, tuple[Run, Sequence[Fact]]]
"""A run, and the child runs below it, with their facts."""


async def _facts_of(view: View, run: Run, generation: int | None, *, every: bool) -> Sequence[Fact]:
    if every:
        return await view.runs.facts(run.id)
    facts = await view.runs.generation(run.id, generation)
    if generation is not None and next(generations_in(facts)) != generation:
        known = ", ".join(str(each) for each in generations_in(await view.runs.facts(run.id)))
        raise NotPossible(f"run {run.id} has no generation {generation}. Its generations: {known}.")
    return facts


async def family_of(view: View, run: Run, facts: Sequence[Fact], *, children: bool) -> Family:
    """Return a run with facts of it, first, and with `children` all that it started there."""
    family = {run.id: (run, facts)}
    if children:
        spawned = [node.run for node in tree_of(facts).root.walk() if node.kind == "child" and node.run]
        for child in [await view.runs.get(name) for name in spawned]:
            family |= await family_of(view, child, await view.runs.generation(child.id), children=True)
    return family


def _tree_json(run: Run, facts: Sequence[Fact], family: Family, *, children: bool) -> dict[str, Json]:
    tree = tree_of(facts)
    told = {**run_json(run), "notes": tree.notes, "tree": node_json(tree.root)}
    if children:
        spawned = [family.get(node.run) for node in tree.root.walk() if node.kind == "child" and node.run]
        told["runs"] = [_tree_json(*each, family, children=True) for each in spawned if each]
    return told


def _draw(run: Run, facts: Sequence[Fact], child: Child | None) -> None:
    if (terminal := CONSOLE.terminal(sys.stdout)) is None:
        print(plain(run, facts, child))
        return
    from rich.console import Console  # only where somebody looks

    console = Console(file=terminal)
    console.print(render(run, facts, child, width=console.width), soft_wrap=True)


@commands.command("tail")
def tail(
    run_id: RunArgument,
    after: Annotated[
        int, typer.Option(min=0, metavar="NUMBER", help="Only events after this number; 0 prints all.")
    ] = 0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a run's events, those to come too, until it ends or is blocked, whichever process drives it.

    With --json each is an object on a line of its own; its `number` is what --after takes.
    """
    printer = EventPrinter(sys.stdout, as_json=as_json)

    async def told(reader: Reader) -> Run:
        run = await run_in(reader, run_id)
        await printer.print(reader.stream(run.id, after=after))
        return await reader.runs.get(run.id)

    try:
        run = follow(store, told)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if run.state is RunState.BLOCKED:
        raise RunBlocked(f"run {run.id} is blocked: {run.reason}", run=run.id)


@commands.command("cancel")
def cancel(
    run_id: RunArgument,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "cancelled by request",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a run to stop and to undo what it did. It ends in the process that serves it, or with `podium work`."""

    async def work() -> tuple[bool, Run]:
        async with App.open(config=existing(store)) as app:
            handle = await app.handle((await run_in(app, run_id)).id)
            return await handle.cancel(reason), await handle.status()

    new, run = drive(work())
    if as_json:
        print_json({"run": run.id, "state": run.state, "asked_before": not new})
        return
    asked = "was asked to stop" if new else "had been asked to stop before"
    where = "in the process that drives it" if run.state is RunState.RUNNING else "once it is driven: podium work FILE"
    print(f"run {run.id} {asked}; it ends {where}.")


@commands.command("signal")
def send_signal(
    run_id: RunArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The signal that the run waits for.")],
    body: Annotated[str | None, typer.Argument(metavar="JSON|@FILE|-", help="What it carries.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a run a signal from outside."""
    value = read_input(body)

    async def work() -> Run:
        async with App.open(config=existing(store)) as app:
            handle = await app.handle((await run_in(app, run_id)).id)
            await handle.signal(name, value)
            return await handle.status()

    run = drive(work())
    if as_json:
        print_json({"run": run.id, "state": run.state})
        return
    print(f"sent. Run {run.id} goes on in the process that serves {run.workflow!r}, or with: podium work FILE")


@commands.command("verify")
def verify(run_id: RunArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Recompute the hash chain of a run's facts; exits with 1 where something was changed, added or removed."""

    async def checked(reader: Reader) -> tuple[Run, Sequence[ChainFault]]:
        found = await run_in(reader, run_id)
        return found, await reader.reports.verify(found.id)

    run, faults = look(store, checked)
    if as_json:
        print_json({"run": run.id, "facts": run.facts, "faults": [{"seq": f.seq, "what": f.what} for f in faults]})
    elif not faults:
        print(f"run {run.id}: the chain of its {count(run.facts, 'fact')} holds")
    for fault in faults:
        note(f"error: run {run.id}, fact {fault.seq}: {fault.what}")
    if faults:
        raise typer.Exit(1)


def run_json(run: Run) -> Json:
    """Return a run for programs."""
    plain_run = dataclasses.asdict(run)
    for name in ("created_at", "ended_at", "wake_at"):
        plain_run[name] = iso(plain_run[name])
    return plain_run


commands.command("retry")(change.retry)
commands.command("raise-budget")(change.raise_budget)
commands.command("fork")(change.fork)
commands.command("repin")(change.repin)
commands.command("redact")(change.redact)
