"""`podium agents`: how agents do, from what is recorded of their last calls."""

import dataclasses
from typing import Annotated

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
)
from podium.cli.output import duration, iso, moment, money, note_next, print_json, print_table
from podium.facade.filters import Filters
from podium.model.track_record import AgentReport


def agents(
    text: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only agents whose name has this in it.")] = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how the last calls of each agent went: how many failed, how long they took, what they came to."""
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
