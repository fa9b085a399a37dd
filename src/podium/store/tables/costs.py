"""Adding up what was spent: once for a tree of runs that has ended, and for the others from their facts when asked.

Of a tree that has ended it is kept what each of its runs spent, by agent, model and day. Triggers of the database
delete that when one of its runs is changed, added or deleted; so it is the same as what the facts say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.cost import Cost, Dimension
from podium.store.codec import encode_as_is
from podium.store.protocol import Page, queries
from podium.store.tables.pages import given, page
from podium.store.tables.rows import cost_of
from podium.store.tables.statements import QueryValues, Row, Statements, Tables

_KEPT: dict[Dimension, Dimension] = {
    "agent": "agent", "model": "model", "day": "day", "workflow": "day", "tenant": "day", "run": "day"
}  # fmt: skip
"""From what is kept by what each is added up."""
_ALL = 1 << 40
MOST_OPEN = 1_000
"""Where more trees than these go on, reading all facts from end to end is quicker than looking theirs up."""


@dataclass(frozen=True, slots=True)
class EndedTree:
    """A tree that has ended, and what it spent."""

    root: int
    mark: str
    """Another one once it has changed."""
    began: float
    ended: float
    """When its first and its last call was made; or when it was started, where it made none."""
    costs: Sequence[Row]


async def costs(tables: Tables, query: "queries.CostQuery") -> Page[Cost]:
    """Add up what was spent, the dearest first."""
    wanted: QueryValues = {
        **given(query, "less", "part", "number"), "each": False, "costed": "",
        "turns": query.by == "conversation" or query.conversation is not None,
    }  # fmt: skip
    rows = await tables.read(lambda statements: _rows(statements, query, wanted))
    return page(rows, query, cost_of, lambda row: (row[19], row[0], row[13]))


async def keep_costs(tables: Tables, limit: int) -> int:
    """Add up what trees spent that have ended, of at most so many that are not yet; returns of how many."""
    trees = await tables.read(lambda statements: trees_due(statements, limit))
    return await tables.write_in_thread(lambda statements: _kept(statements, trees)) if trees else 0


def _rows(statements: Statements, query: "queries.CostQuery", wanted: QueryValues) -> list[Row]:
    if query.by not in _KEPT or (query.run, query.below, query.conversation) != (None, None, None):
        return statements.listed("costs_fold", wanted)
    with statements.of_one_moment():
        [(count, trees)] = statements.all("costs_open", wanted.get("since"), wanted.get("until"))
        if count > MOST_OPEN:
            return statements.listed("costs_fold", wanted)
        return statements.listed("costs_fold", {**wanted, "trees": trees, "costed": _KEPT[query.by]})


def trees_due(statements: Statements, limit: int) -> list[EndedTree]:
    """Return trees that have ended, with what they spent, as their facts say."""
    with statements.of_one_moment():
        due = statements.listed("costs_due", {"limit": limit})
        trees, found = _listed([n for n, _, _ in due]), dict[int, list[Row]]()
        for by in sorted(set(_KEPT.values())) if due else ():
            wanted: QueryValues = {"by": by, "each": True, "costed": "", "turns": False, "trees": trees, "limit": _ALL}
            for row in statements.listed("costs_fold", wanted):
                found.setdefault(row[16], []).append((by, *row))
    return [_tree(n, at, mark, found.get(n, ())) for n, at, mark in due]


def _tree(root: int, at: float, mark: str, rows: Sequence[Row]) -> EndedTree:
    costs = [(row[0], root, row[16], *row[1:9], *row[11:14]) for row in rows]
    return EndedTree(
        root, mark, min((row[18] for row in rows), default=at), max((row[19] for row in rows), default=at), costs
    )


def _kept(statements: Statements, trees: Sequence[EndedTree]) -> int:
    """Keep what trees spent of which none has changed meanwhile."""
    locked = _listed([n for (n,) in statements.all("costs_lock", _listed([each.root for each in trees]))])
    now = {n: mark for n, _, mark in statements.listed("costs_due", {"limit": _ALL, "trees": locked})}
    kept = [each for each in trees if now.get(each.root) == each.mark]
    for each in kept:
        statements.do_all("run_costs_insert", each.costs)
        statements.do("run_costed", each.began, each.ended, each.root)
    return len(kept)


def _listed(numbers: Sequence[int]) -> str:
    return encode_as_is(list(numbers)).decode()
