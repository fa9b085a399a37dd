"""`podium agents`: how agents do, from what is recorded of their last calls."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from podium.cli.moments import instant
from podium.cli.opening import look
from podium.cli.options import (
    PAGE,
    CursorOption,
    JsonOption,
    LimitOption,
    SinceOption,
    StoreOption,
    TenantOption,
    UntilOption,
    WrongOption,
)
from podium.cli.output import duration, iso, moment, money, note_next, print_json, print_table
from podium.facade.filters import Filters
from podium.model.serving import ServingWorker
from podium.model.track_record import AgentReport


def agents(
    text: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only agents whose name has this in it.")] = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    served: Annotated[
        bool, typer.Option("--served", help="Which processes have which workflows and agents, and of which queues.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how the last calls of each agent went: how many failed, how long they took, what they came to.

    With --served tell instead who is registered in the processes that drive runs now, workflows first.
    """
    if served:
        given = {"--tenant": tenant, "--since": since, "--until": until, "--cursor": cursor}
        if wrong := [name for name, value in given.items() if value is not None]:
            raise WrongOption(f"{wrong[0]} does not go with --served: it tells of processes, not of calls.")
        _print_served(look(store, lambda reader: reader.reports.serving()), text or "", as_json=as_json)
        return
    wanted: Filters = {
        "text": text, "tenant": tenant, "since": instant(since, "--since"), "until": instant(until, "--until"),
        "limit": limit, "cursor": cursor,
    }  # fmt: skip
    found = look(store, lambda reader: reader.reports.agents(**wanted))
    note_next(found.cursor)
    if as_json:
        print_json([{**dataclasses.asdict(each), "last": iso(each.last)} for each in found])
    elif not found:
        print("no agent was asked")
    else:
        columns = ("AGENT", "VERSION", "CALLS", "DONE", "FAILED", "P50", "P95", "COST", "LAST ASKED")
        print_table(columns, [_row(each) for each in found])


def _row(each: AgentReport) -> tuple[str, ...]:
    answered = each.done + each.failed
    share = f" ({each.failed / answered:.0%})" if each.failed else ""
    p50, p95 = ("" if seconds is None else duration(seconds) for seconds in (each.p50, each.p95))
    cost = "" if each.usd is None else money(each.usd)
    counts = (f"{each.calls:,}", f"{each.done:,}", f"{each.failed:,}{share}")
    return each.agent, each.version, *counts, p50, p95, cost, moment(each.last)


def _print_served(serving: Sequence[ServingWorker], text: str, *, as_json: bool) -> None:
    """Print who is registered where, as far as their names have a text in them."""
    found = [row for row in _served(serving) if text.casefold() in row["name"].casefold()]
    if as_json:
        print_json(found)
    elif not found:
        print("no such agent or workflow is served now" if serving else "no process serves any workflow or agent now")
    else:
        columns = ("NAME", "VERSION", "KIND", "QUEUES", "WORKER")
        print_table(
            columns, [(*(each[name] for name in _SHOWN), _queues(each["queues"]), each["worker"]) for each in found]
        )


_SHOWN = ("name", "version", "kind")


def _served(serving: Sequence[ServingWorker]) -> Iterator[dict[str, Any]]:
    for kind in ("workflow", "agent"):
        rows = sorted(
            (name, version, each.worker, each.queues)
            for each in serving
            for name, versions in (each.workflows if kind == "workflow" else each.agents).items()
            for version in versions
        )
        for name, version, worker, queues in rows:
            yield {"name": name, "version": version, "kind": kind, "queues": queues, "worker": worker}


def _queues(queues: Sequence[str] | None) -> str:
    return "all" if queues is None else ", ".join(queues)
