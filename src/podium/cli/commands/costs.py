"""`podium costs`: what was spent, and on what."""

from typing import Annotated, Literal

import typer

from podium.cli.moments import instant
from podium.cli.named import run_in
from podium.cli.opening import ALL, look
from podium.cli.options import JsonOption, SinceOption, StoreOption, TenantOption, UntilOption
from podium.cli.output import money, print_json, print_table
from podium.facade.reader import Reader
from podium.model.cost import Cost
from podium.model.json import Json
from podium.store.protocol import Page

_By = Literal["agent", "model", "workflow", "tenant", "day", "run", "conversation"]
_PER_RUN = ("workflow", "tenant", "day", "conversation")


def costs(
    by: Annotated[_By, typer.Option(help="By what they are added up.")] = "agent",
    run: Annotated[
        str | None, typer.Option(metavar="RUN", help="Of this run, or `last`, with all the child runs it started.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of what was done in turns in this conversation.")
    ] = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add up what was spent, the dearest first, from what is recorded of each model request and call."""

    async def added(reader: Reader) -> Page[Cost]:
        one = None if run is None else (await run_in(reader, run)).id
        begin, end = instant(since, "--since"), instant(until, "--until")
        return await reader.reports.costs(
            by=by, run=one, conversation=conversation, tenant=tenant, since=begin, until=end, limit=ALL
        )

    found = look(store, added).items
    if as_json:
        print_json([_json(cost) for cost in found])
        return
    per_run = by in _PER_RUN
    measured = any(cost.cpu_seconds or cost.gb_seconds for cost in found)
    tenants = len({cost.tenant for cost in found} - {None}) > 1
    heads = (by.upper(), *(["TENANT"] * tenants), "CALLS", "REQUESTS", "TOKENS IN", "OUT", "COST", "IN DOUBT")
    saved = any(cost.saved for cost in found)
    heads = (*heads, "SAVED") if saved else heads
    heads = (*heads, "CPU S", "GB S") if measured else heads
    print_table(
        (*heads, "RUNS", "DONE", "PER DONE") if per_run else heads,
        [_row(cost, per_run=per_run, measured=measured, saved=saved, tenants=tenants) for cost in found],
    )
    if unpriced := sum(cost.unpriced for cost in found):
        print(f"the price of {unpriced} requests is not known: set it in [podium.prices.models], or usd= on the agent")


def _row(cost: Cost, *, per_run: bool, measured: bool, saved: bool, tenants: bool) -> tuple[str, ...]:
    cells = (
        cost.part or "-", *([cost.tenant or "-"] * tenants), f"{cost.calls:,}", f"{cost.requests:,}",
        f"{cost.input_tokens:,}", f"{cost.output_tokens:,}", money(cost.usd),
        money(cost.in_doubt) if cost.in_doubt else "",
    )  # fmt: skip
    if saved:
        cells = (*cells, money(cost.saved) if cost.saved else "")
    if measured:
        cells = (*cells, f"{cost.cpu_seconds:,.3f}", f"{cost.gb_seconds:,.3f}")
    if not per_run:
        return cells
    each = cost.usd_per_done
    return *cells, str(cost.runs), str(cost.done), "" if each is None else money(each)


def _json(cost: Cost) -> Json:
    return {
        "part": cost.part, "calls": cost.calls, "requests": cost.requests, "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens, "usd": cost.usd, "in_doubt_usd": cost.in_doubt, "unpriced": cost.unpriced,
        "runs": cost.runs, "done": cost.done, "usd_per_done": cost.usd_per_done,
        "cpu_seconds": cost.cpu_seconds, "gb_seconds": cost.gb_seconds, "saved_usd": cost.saved,
        "tenant": cost.tenant,
    }  # fmt: skip
