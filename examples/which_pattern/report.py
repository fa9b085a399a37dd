"""Writes what was measured as tables."""

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from examples.which_pattern.measuring import Result
from examples.which_pattern.teams import Team

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "which-pattern-when.md"
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->\n"
Z = 1.959964
"""Standard deviations on each side of a 95 % interval."""


def tables(results: Sequence[Result]) -> str:
    """Return both tables as Markdown: what came of it, and what it is made of."""
    alone = {name: result for result in results if (name := _single(result.team))}
    of = len(results[0].done)
    first = [
        f"| Team | Right of {of} | Share, 95 % interval | $ for 1,000 | Mean s | Longest s | Beside its best reader |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
        *(_outcome(result, alone) for result in results),
    ]
    second = [
        "| Team | Agents | Calls a task | Facts a task | Lines | Engine ms a task |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(_complexity(result) for result in results),
    ]
    return "\n".join([*first, "", *second]) + "\n"


def written(page: str, tables: str) -> str:
    """Return a page with other tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def wilson(right: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    share, square = right / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return middle - half, middle + half


def sign_test(more: int, fewer: int) -> float:
    """Return how likely a split at least as uneven is by chance: McNemar's exact test, on both sides."""
    of = more + fewer
    tail = sum(math.comb(of, number) for number in range(min(more, fewer) + 1))
    return min(1.0, 2 * tail / 2**of)


def lines_of(team: Team) -> int:
    """Return how many lines of code a team takes, its own agents, rules and types included."""
    written = [part for part in (team.build, *team.parts) if part.__name__ != "<lambda>"]
    code = "\n".join(inspect.getsource(part) for part in written).splitlines()
    return sum(bool(line.strip()) and not line.strip().startswith(('"""', "#")) for line in code)


def _outcome(result: Result, alone: Mapping[str, Result]) -> str:
    done, of = result.done, len(result.done)
    low, high = wilson(result.right, of)
    seconds = [each.seconds for each in done]
    cells = [
        result.team.title,
        f"{result.right}",
        f"{result.right / of:.1%} ({low:.1%} to {high:.1%})",
        f"{1000 * fmean(each.usd for each in done):.2f}",
        f"{fmean(seconds):.2f}",
        f"{max(seconds):.2f}",
        _beside(result, [alone[name] for name in result.team.readers if name in alone]),
    ]
    return _row(cells)


def _beside(result: Result, readers: Sequence[Result]) -> str:
    """Return what a team got right and its best reader did not, and the other way round."""
    if not readers:
        return ""
    best = max(readers, key=lambda each: each.right)
    pairs = [(mine.right, its.right) for mine, its in zip(result.done, best.done, strict=True)]
    more, fewer = pairs.count((True, False)), pairs.count((False, True))
    name = _single(best.team)
    if not more and not fewer:
        return f"`{name}`: the same"
    chance = sign_test(more, fewer)
    return f"`{name}`: +{more} \u2212{fewer}, p {'< 0.001' if chance < 0.001 else f'= {chance:.3f}'}"


def _complexity(result: Result) -> str:
    done = result.done
    cells = [
        result.team.title,
        f"{result.agents}",
        f"{fmean(len(each.called) for each in done):.2f}",
        f"{fmean(each.facts for each in done):.1f}",
        f"{lines_of(result.team)}",
        f"{1000 * result.engine_seconds / len(done):.1f}",
    ]
    return _row(cells)


def _single(team: Team) -> str:
    """Return the name of the agent that is alone in a team; empty for others."""
    name, _, rest = team.title.removeprefix("`").partition("`")
    return name if rest == " alone" else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
