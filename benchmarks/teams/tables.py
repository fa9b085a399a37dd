"""The tables of the page, as they are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.teams import counting
from benchmarks.teams.counting import NOTHING, Size
from benchmarks.teams.running import HERE, SYSTEMS, Seen
from benchmarks.teams.teams import TEAMS

REQUIREMENTS = HERE / "requirements"


def lines() -> str:
    """Return the table of lines: the shortest of each row is bold."""
    sizes = counting.sizes()
    rows: list[Sequence[str]] = []
    for team in TEAMS:
        counted = [sizes[team.name, system].lines for system in SYSTEMS]
        rows.append([f"{team.name}: {team.what}", *(_bold(each, each == min(counted)) for each in counted)])
    totals, narrow = _totals(sizes), _totals(counting.sizes(counting.NARROW))
    rows.append(["all twelve", *(str(each.lines) for each in totals)])
    rows.append(["with imports", *(str(each.lines + each.imports) for each in totals)])
    rows.append([f"in lines of {counting.NARROW} columns", *(str(each.lines) for each in narrow)])
    rows.append(["in tokens", *(f"{each.tokens:,}" for each in totals)])
    return _table(rows)


def requests(seen: Mapping[tuple[str, str], Seen]) -> str:
    """Return the table of how often each program asked the model; what was not run is `-`."""
    return _table([
        [team.name, *(str(seen[team.name, each].requests) if (team.name, each) in seen else "-" for each in SYSTEMS)]
        for team in TEAMS
    ])  # fmt: skip


def versions() -> str:
    """Return what is compared, with its versions."""
    rows = ["| | Versions |", "| --- | --- |", f"| Podium | podium {version('podium')} |"]
    for system, name in list(SYSTEMS.items())[1:]:
        pinned = (REQUIREMENTS / f"{system}.txt").read_text(encoding="utf-8").split()
        rows.append(f"| {name} | {', '.join(each.replace('==', ' ') for each in pinned)} |")
    return "\n".join(rows)


def in_page(page: Path, system: str) -> Mapping[str, str]:
    """Return how often a page says that the programs of a system ask the model, by team."""
    column = list(SYSTEMS).index(system) + 1
    names = {team.name for team in TEAMS}
    rows = (line.strip("| ").split(" | ") for line in page.read_text(encoding="utf-8").splitlines())
    return {row[0]: row[column] for row in rows if row[0] in names and len(row) == len(SYSTEMS) + 1}


def _totals(sizes: Mapping[tuple[str, str], Size]) -> Sequence[Size]:
    return [sum((sizes[team.name, system] for team in TEAMS), NOTHING) for system in SYSTEMS]


def _bold(number: int, bold: bool) -> str:  # noqa: FBT001
    return f"**{number}**" if bold else str(number)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head = ["Team", *SYSTEMS.values()]
    told = [head, ["---", *("---:" for _ in SYSTEMS)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in told)
