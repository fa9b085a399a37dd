"""`podium budgets`: what may be spent, and what is; what is in doubt is given back."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.named import run_in
from podium.cli.opening import ALL, drive, existing, look
from podium.cli.options import JsonOption, RunArgument, StoreOption
from podium.cli.output import print_json, print_table
from podium.model.budget import PER_USD, BudgetState, dollars, nano
from podium.model.json import Json


class _ListedByDefault(TyperGroup):
    """Lists budgets where no other command is named: `podium budgets day`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before what is no command."""
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["list", *args])


commands = typer.Typer(
    cls=_ListedByDefault, help="What may be spent, what is, and what is in doubt.", rich_markup_mode=None
)


@commands.command("list")
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


@commands.command("correct")
def correct(
    run_id: RunArgument,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")],
    usd: Annotated[
        float | None, typer.Option(metavar="DOLLARS", help="How much; without it all that is in doubt.")
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Only what was set aside for this call.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; else who is logged in.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give back what a run and its child runs have in doubt, where it is known that it was not spent.

    It counts as spent no more in all budgets that it counted against, nor in the costs. `podium costs --by run` tells
    in which runs anything is in doubt.
    """
    who = by or login()

    async def work() -> tuple[str, float]:
        async with App.open(config=existing(store)) as app:
            run = (await run_in(app, run_id)).id
            return run, await app.operations.correct_budgets(run, usd=usd, key=key, why=why, by=who)

    run, given = drive(work())
    if as_json:
        print_json({"run": run, "given_back_usd": given, "by": who, "reason": why})
    else:
        print(f"run {run}: {dollars(nano(given))} given back")


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
