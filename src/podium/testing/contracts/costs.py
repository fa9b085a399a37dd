"""What was spent: the same, whether it was added up when runs ended or is added up now."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from podium.model.audit import Pruning
from podium.model.cost import Cost, Dimension
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.codec import encode
from podium.store.corrections import CorrectBudgets
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import Prune, Release
from podium.store.protocol import CostQuery, PrunableQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore
from podium.testing.contracts.records import asked

_DAY = 86_400.0
_FILTERS: tuple[dict[str, Any], ...] = (
    {}, {"tenant": "acme"}, {"principal": "eve"}, {"tag": "t"}, {"text": "a.0"}, {"since": 110.0}, {"until": 110.0},
    {"since": 110.0, "until": _DAY}, {"since": 102.0, "until": 115.0}, {"since": _DAY}, {"limit": 1},
    {"run": "a"}, {"run": "a", "below": "0"}, {"conversation": "c"},
)  # fmt: skip
"""Some of them cut trees in two."""


class CostsContract(OpenedStore):
    """Of two stores in which the same happens one keeps what runs spent; both tell the same of it, at any time."""

    def test_what_is_kept_of_trees_that_ended_is_what_their_facts_say(self, tmp_path: Path) -> None:
        with self._both(tmp_path) as happens:
            happens(lambda hand: ran(hand, _root("a", tag="t")))
            happens(lambda hand: ran(hand, _child("a", "a.0", principal="eve"), at=_DAY))
            happens(lambda hand: ran(hand, _root("a-b"), usd=0.7))
            happens(lambda hand: ran(hand, _root("b"), ends=False))
            happens(lambda hand: ran(hand, _child("b", "b.0"), usd=0.125))

    def test_whatever_changes_a_run_counts_also_where_its_costs_were_kept(self, tmp_path: Path) -> None:
        with self._both(tmp_path) as happens:
            happens(lambda hand: ran(hand, _root("a")))
            happens(lambda hand: ran(hand, _child("a", "a.0")))
            happens(lambda hand: _goes_on(hand, "a", "2", usd=0.0625))
            happens(lambda hand: _goes_on(hand, "a.0", "3", usd=4.0))
            happens(lambda hand: _corrected(hand, "a", "1"))
            happens(lambda hand: ran(hand, _root("b")))
            happens(lambda hand: hand.verdict(pruning_of(hand, "a")))

    def test_what_has_not_ended_is_kept_later_and_nothing_is_kept_twice(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            numbers = [ran(hand, _root(name), ends=name != "b") for name in ("a", "b", "c")]
            kept = [hand.told(hand.store.keep_costs(limit)) for limit in (1, 10, 10)]
            assert kept in ([1, 1, 0], [0, 0, 0])
            hand.finish(numbers[1])
            assert hand.told(hand.store.keep_costs(10)) in (kept[0], 0)

    @contextmanager
    def _both(self, folder: Path) -> Generator[Callable[[Callable[[Hand], object]], None]]:
        """Have things happen in both stores, and compare what they say was spent after each."""
        places = [folder / "kept", folder / "told"]
        for each in places:
            each.mkdir()
        with self.hand(places[0]) as kept, self.hand(places[1]) as told:

            def happens(what: Callable[[Hand], object]) -> None:
                what(kept)
                what(told)
                _compare(kept, told)
                kept.told(kept.store.keep_costs(100))
                _compare(kept, told)

            yield happens


def _compare(kept: Hand, told: Hand) -> None:
    for by in get_args(Dimension):
        for given in _FILTERS:
            query = CostQuery(by=by, **given)
            assert (by, given, _costs(kept, query)) == (by, given, _costs(told, query))


def _costs(hand: Hand, query: CostQuery) -> list[Cost]:
    found = hand.told(hand.store.costs(query)).items
    return [replace(each, usd=round(each.usd, 12), saved=round(each.saved, 12)) for each in found]


def _root(name: str, *, tag: str | None = None) -> NewRun:
    return new_run(name, tenant="acme" if name == "a" else "default", tag=tag)


def _child(root: str, name: str, *, principal: str = "local") -> NewRun:
    return replace(new_run(name, tenant="acme" if root == "a" else "default", parent=root), principal=principal)


def ran(hand: Hand, run: NewRun, *, at: float = 100.0, usd: float = 0.1, ends: bool = True) -> int:
    """Have a run make two calls, one of which is in doubt, and end; returns its number."""
    number = hand.start(run)
    hand.write(number, *_call("0", at, usd), *_call("1", at + 20.0, usd, doubt=True))
    if ends:
        hand.finish(number)
    return number


def _call(key: str, at: float, usd: float, *, doubt: bool = False) -> list[NewFact]:
    usage = {"model": "m", "input_tokens": 3, "output_tokens": 2, "requests": 1, "usd": usd, "cpu_seconds": 0.3}
    settled = {"reservation": f"r{key}", "usd": 250_000_000, "tokens": 0, "calls": 0, "in_doubt": True}
    return [
        asked(key, f"agent{key}", at=at),
        NewFact(FactKind.SETTLED, key, at, encode(settled)) if doubt
        else NewFact(FactKind.ANSWERED, key, at + 1.0, encode({"outcome": "done", "usage": usage})),
    ]  # fmt: skip


def _goes_on(hand: Hand, name: str, key: str, *, usd: float) -> None:
    """Have a run that ended make another call, as one does that is requeued."""
    claimed = hand.take_over(name)
    assert claimed is not None
    hand.write(
        claimed.n, *_call(key, 130.0, usd), epoch=claimed.run.epoch, close=Release(RunState.DONE, "", "1", 300.0)
    )


def _corrected(hand: Hand, root: str, call: str) -> None:
    """Give back a part of what is in doubt, in a run of its own."""
    said = {"guard": "correction", "run": root, "usd": 125_000_000, "by": "ann", "why": "not spent", "agent": ""}
    record = replace(
        _child(root, f"{root}.correction.0"),
        facts=(NewFact(FactKind.NOTICE, call, 140.0, encode(said)), fact(FactKind.ENDED, at=140.0)),
    )
    hand.commit(CorrectBudgets(parts=(), record=record))


def pruning_of(hand: Hand, root: str) -> Prune:
    """Return what deletes a run with all that it started."""
    wanted = PrunableQuery(before=400.0, states=[RunState.DONE])
    [family] = [each for _, each in hand.told(hand.store.prunable(wanted)) if each[0].id == root]
    deleted = [
        (run.epoch, Pruning(
            run=run.id, facts=run.facts, head=run.head, state=run.state, at=500.0, by="ann", why="old", signature=None
        )) for run in family
    ]  # fmt: skip
    return Prune(deleted)
