"""`podium health`: how agents are, by their checks now, or as runs last noticed it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from podium.cli.load import load, split
from podium.cli.opening import look
from podium.cli.options import JsonOption, StoreOption
from podium.cli.output import iso, moment, one_line, print_json, print_table
from podium.dispatch.rules.health.checks import HealthChecks
from podium.model.agent import AnyAgent
from podium.model.clock import SystemClock
from podium.services.store_time import StoreTime


def health(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Make the checks of this file's agents, now.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how agents are: as runs last noticed, or with FILE by making their checks. Exits with 1 if one is ill."""
    if file is not None:
        raise typer.Exit(_check(load(split(file)[0]).agents, as_json=as_json))
    found = look(store, lambda reader: reader.reports.noticed())
    if as_json:
        print_json(
            [{"agent": each.agent, "version": each.version, "what": each.what, "state": each.state, "reason": each.why,
              "at": iso(each.at), "run": each.run} for each in found]
        )  # fmt: skip
    elif not found:
        print("nothing was noticed: no agent with a check or a breaker has changed")
    else:
        rows = [
            (each.agent, each.version, each.what, each.state, moment(each.at), each.run, one_line(each.why, 80))
            for each in found
        ]
        print_table(("AGENT", "VERSION", "WHAT", "STATE", "SINCE", "RUN", "WHY"), rows)
    raise typer.Exit(int(any(each.state in ("ill", "open") for each in found)))


def _check(agents: Sequence[AnyAgent], *, as_json: bool) -> int:
    """Make the checks of agents; returns 1 where one says no."""
    found = asyncio.run(_faults(agents))
    if as_json:
        print_json([{"agent": name, "version": version, "fault": fault} for (name, version), fault in found.items()])
    elif not found:
        print("no agent has a check: give one health=Health(check=…)")
    else:
        rows = [(*agent, "ill" if fault else "well", one_line(fault, 200)) for agent, fault in found.items()]
        print_table(("AGENT", "VERSION", "STATE", "WHY"), rows)
    return int(any(found.values()))


async def _faults(agents: Sequence[AnyAgent]) -> dict[tuple[str, str], str]:
    checks = HealthChecks(StoreTime(SystemClock()))
    cards = [agent.card for agent in agents]
    await asyncio.gather(*(
        checks.examine((card.name, card.version), card.health) for card in cards if card.health is not None
    ))  # fmt: skip
    return checks.faults()
