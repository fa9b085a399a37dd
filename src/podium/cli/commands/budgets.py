"""`podium budgets`: what may be spent, and what is."""

from typing import Annotated

import typer

from podium.cli.opening import ALL, look
from podium.cli.options import JsonOption, StoreOption
from podium.cli.output import print_json, print_table
from podium.model.budget import PER_USD, BudgetState, dollars
from podium.model.json import Json


def budgets(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", help="Those that begin so: run:ID, agent:NAME, tenant:NAME, day.")
    ] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the budgets: their limits, what is set aside, what is spent, and what is in doubt."""
    states = look(store, lambda reader: reader.reports.budgets(prefix=prefix, limit=ALL)).items
    if as_json:
        print_json([_json(state) for state in states])
        return
    print_table(("BUDGET", "LIMIT", "SET ASIDE", "SPENT", "IN DOUBT"), [_row(state) for state in states])


def _row(state: BudgetState) -> tuple[str, ...]:
    cells: list[list[str]] = [[], [], []]
    limits = state.limits
    if limits.usd is not None:
        for cell, usd in zip(cells, (limits.usd, state.reserved.usd, state.spent.usd), strict=True):
            cell.append(dollars(usd))
    for name in ("tokens", "calls"):
        if (most := getattr(limits, name)) is not None:
            for cell, count in zip(
                cells, (most, getattr(state.reserved, name), getattr(state.spent, name)), strict=True
            ):
                cell.append(f"{count:,} {name}")
    return state.id, *(", ".join(cell) for cell in cells), dollars(state.in_doubt) if state.in_doubt else ""


def _json(state: BudgetState) -> Json:
    told: dict[str, Json] = {"budget": state.id, "in_doubt_usd": state.in_doubt / PER_USD}
    for name, amount in (("limit", state.limits), ("set_aside", state.reserved), ("spent", state.spent)):
        usd = amount.usd
        told[name] = {
            "usd": None if usd is None else usd / PER_USD, "tokens": amount.tokens, "calls": amount.calls
        }  # fmt: skip
    return told
