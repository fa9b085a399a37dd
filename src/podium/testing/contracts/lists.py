"""What a store must do with the conditions and the pages of its lists."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from podium.errors import InvalidValue
from podium.model.budget import BudgetLimits
from podium.model.chance import Chance, chance_of
from podium.model.fact import FactKind
from podium.model.question import QuestionState
from podium.model.run import Run, RunState
from podium.store.protocol import (
    ActionQuery,
    BudgetQuery,
    ConversationQuery,
    CostQuery,
    DeadQuery,
    DeliveryQuery,
    FactQuery,
    QuestionQuery,
    RunQuery,
    walk,
)
from podium.testing.contracts.hand import Hand, new_run
from podium.testing.contracts.opened import OpenedStore
from podium.testing.contracts.records import answered, asked

_TENANTS = ("acme", "other", "a%c")
_PRINCIPALS = ("ann", "bob")
_WORKFLOWS = ("work", "Desk_1", "errand")


class ListsContract(OpenedStore):
    """Each list takes the same conditions, which all have to hold, and goes on where a page ended."""

    def test_runs_are_those_for_which_all_conditions_hold_page_by_page(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _fill(hand, chance_of("runs"), 40)
            everything = _all(hand, RunQuery(limit=1_000))
            assert [run.created_at for run in everything] == sorted((r.created_at for r in everything), reverse=True)
            for query in _queries(chance_of("queries"), 150):
                wanted = [run.id for run in everything if _holds(query, run)]
                assert [run.id for run in _all(hand, query)] == wanted, query

    def test_a_page_says_where_the_next_begins_and_the_last_that_there_is_none(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for n in range(5):
                hand.start(new_run(f"r{n}"))
            pages, cursor = list[list[str]](), None
            while not pages or cursor is not None:
                page = hand.told(hand.store.runs(RunQuery(limit=2, cursor=cursor)))
                pages.append([run.id for run in page.items])
                cursor = page.cursor
            assert pages == [["r4", "r3"], ["r2", "r1"], ["r0"]]
            assert hand.told(hand.store.runs(RunQuery(limit=5))).cursor is None

    def test_runs_are_counted_by_state(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            assert hand.told(hand.store.run_counts()) == {}
            _fill(hand, chance_of("runs"), 40)
            everything = _all(hand, RunQuery(limit=1_000))
            assert len({run.state for run in everything}) > 1
            assert hand.told(hand.store.run_counts()) == Counter(run.state for run in everything)

    def test_what_comes_in_meanwhile_moves_nothing_on_the_next_page(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for n in range(4):
                hand.start(new_run(f"r{n}"))
            first = hand.told(hand.store.runs(RunQuery(limit=2)))
            hand.start(new_run("late"))
            rest = hand.told(hand.store.runs(RunQuery(limit=2, cursor=first.cursor)))
            assert [run.id for run in rest.items] == ["r1", "r0"]

    def test_a_cursor_that_no_page_gave_is_refused(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for cursor in ("", "x", "bm90IGpzb24", "é"):
                try:
                    hand.told(hand.store.runs(RunQuery(cursor=cursor)))
                except InvalidValue as error:
                    assert "cursor" in str(error)
                else:
                    raise AssertionError(f"cursor {cursor!r} was taken")

    def test_a_cursor_is_of_its_list_and_what_it_says_fits_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for n in range(3):
                _busy(hand, "acme", f"p{n}", 100.0 + n)
            store = hand.store
            first = hand.told(store.runs(RunQuery(limit=1))).cursor
            forged = ["WyJydW4iLCJhIiwiYiJd", "WyJydW4iLDEsImIiXQ", "WyJydW4iLHRydWUsdHJ1ZV0"]
            lists: list[tuple[Callable[[str], Coroutine[Any, Any, object]], Sequence[str | None]]] = [
                (lambda cursor: store.questions(QuestionQuery(cursor=cursor)), [first]),
                (lambda cursor: store.conversations(ConversationQuery(cursor=cursor)), [first]),
                (lambda cursor: store.actions(ActionQuery(cursor=cursor)), [first]),
                (lambda cursor: store.webhooks.deliveries(DeliveryQuery(webhook="w", cursor=cursor)), [first]),
                (lambda cursor: store.runs(RunQuery(cursor=cursor)), forged),
            ]
            for listed, cursors in lists:
                for cursor in cursors:
                    assert cursor is not None
                    try:
                        hand.told(listed(cursor))
                    except InvalidValue:
                        continue
                    raise AssertionError(f"cursor {cursor!r} was taken")

    def test_the_other_lists_keep_to_whose_they_are_too(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for tenant, principal, at in (("acme", "ann", 100.0), ("acme", "bob", 200.0), ("other", "ann", 300.0)):
                _busy(hand, tenant, principal, at)
            conditions: dict[str, dict[str, Any]] = {
                "acme ann, acme bob, other ann": {}, "acme ann, acme bob": {"tenant": "acme"},
                "acme bob": {"principal": "bob"}, "other ann": {"tenant": "other", "principal": "ann"},
                "acme ann": {"tag": "acme ann"}, "": {"tenant": "nobody"},
            }  # fmt: skip
            for who, given in conditions.items():
                for name, listed in _LISTS.items():
                    assert sorted(listed(hand, given)) == [each for each in who.split(", ") if each], (name, given)

    def test_runs_concern_whose_they_are_and_whom_they_ask(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for who in ("ann", "bob", "eve"):
                run = hand.start(replace(new_run(who), principal=who))
                if who == "bob":
                    hand.ask(run, who)
            for names, wanted in {
                ("ann",): ["ann"], ("ann", "Boss"): ["bob", "ann"], ("boss",): ["bob"], ("eve", "editors"): ["eve"],
                ("editors",): [],
            }.items():  # fmt: skip
                assert [run.id for run in _all(hand, RunQuery(concerning=names, limit=1))] == wanted, names

    def test_the_other_lists_keep_to_a_time_too(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name, at in (("a", 100.0), ("b", 200.0), ("c", 300.0)):
                _busy(hand, "acme", name, at)
            for name in ("questions", "journal", "dead", "costs"):
                listed = _LISTS[name](hand, {"since": 200.0, "until": 300.0})
                assert sorted(listed) == ["acme b"], name

    def test_costs_below_a_key_are_those_of_what_was_called_or_started_there(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            for key in ("0", "1", "1.0", "1.0.2", "10.0", "2"):
                hand.write(number, asked(key, key), answered(key))
            for child in ("r.1.3", "r.10.3", "r.2"):
                hand.write(hand.start(replace(new_run(child), root="r", parent="r")), asked("0", child), answered("0"))
            query = CostQuery(by="agent", run="r", below="1")
            assert sorted(cost.part for cost in hand.told(hand.store.costs(query)).items) == ["1.0", "1.0.2", "r.1.3"]

    def test_text_is_taken_literally_in_either_case(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("Alpha-100%", "alphabet", "beta_x", "betayx", "back\\slash"):
                hand.start(new_run(name))
            found = {
                text: sorted(run.id for run in _all(hand, RunQuery(text=text)))
                for text in ("ALPHA", "0%", "a_x", "k\\s", "nothing", "work")
            }
            assert found == {
                "ALPHA": ["Alpha-100%", "alphabet"], "0%": ["Alpha-100%"], "a_x": ["beta_x"], "k\\s": ["back\\slash"],
                "nothing": [], "work": sorted(("Alpha-100%", "alphabet", "beta_x", "betayx", "back\\slash")),
            }  # fmt: skip

    def test_questions_are_found_by_how_their_ids_begin(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            first, second, third = (hand.ask(number, name) for name in ("ab", "ac", "b"))
            found = {
                prefix: [each.id for each in hand.told(hand.store.questions(QuestionQuery(prefix=prefix))).items]
                for prefix in ("q_a", "q_b", "q_%", "b")
            }
            assert found == {"q_a": [first, second], "q_b": [third], "q_%": [], "b": []}


def _fill(hand: Hand, chance: Chance, count: int) -> None:
    for n in range(count):
        new = replace(
            new_run(f"run{n}", workflow=chance.choice(_WORKFLOWS), tag=f"t{n}" if chance.random() < 0.5 else None),
            tenant=chance.choice(_TENANTS), principal=chance.choice(_PRINCIPALS), at=float(chance.randint(100, 120)),
            parent="run0" if n and chance.random() < 0.3 else None,
        )  # fmt: skip
        number = hand.start(new)
        match chance.randint(0, 3):
            case 0:
                hand.finish(number, state=RunState.FAILED)
            case 1:
                hand.finish(number)
            case 2:
                hand.park(number)
            case _:
                pass


def _queries(chance: Chance, count: int) -> Iterator[RunQuery]:
    def maybe(values: Sequence[Any]) -> Any:
        return chance.choice(values) if chance.random() < 0.35 else None

    for _ in range(count):
        yield RunQuery(
            tenant=maybe(_TENANTS), principal=maybe(_PRINCIPALS), workflow=maybe(_WORKFLOWS),
            state=maybe((RunState.FAILED, RunState.DONE, RunState.PARKED, RunState.RUNNING)), parent=maybe(("run0",)),
            tag=maybe(("t3", "t7")), since=maybe((105.0, 110.0)), until=maybe((112.0, 120.0)),
            text=maybe(("desk", "RUN1", "_", "t2", "%")), prefix=maybe(("run", "run1", "run0", "x")),
            limit=chance.choice((1, 3, 7, 100)),
        )  # fmt: skip


def _holds(query: RunQuery, run: Run) -> bool:
    same = all(
        getattr(query, name) in (None, getattr(run, name))
        for name in ("tenant", "principal", "workflow", "state", "parent", "tag")
    )
    words = " ".join((run.id, run.tag or "", run.workflow, run.reason)).lower()
    timely = (query.since or 0) <= run.created_at < (query.until or 1e9)
    return same and timely and _begins(query.prefix, run) and (query.text or "").lower() in words


def _begins(prefix: str | None, run: Run) -> bool:
    if prefix is None:
        return True
    return run.id.startswith(prefix) and not (run.parent is not None and run.parent.startswith(prefix))


def _all(hand: Hand, query: RunQuery) -> list[Run]:
    async def walked() -> list[Run]:
        return [run async for run in walk(hand.store.runs, query)]

    return hand.told(walked())


def _busy(hand: Hand, tenant: str, principal: str, at: float) -> None:
    """Have a run leave something in each list."""
    name = f"{tenant} {principal}"
    new = replace(new_run(name, tag=name), tenant=tenant, principal=principal, at=at, limits=BudgetLimits(calls=3))
    number = hand.start(new)
    hand.ask(number, name, at=at, tenant=tenant, principal=principal)
    hand.write(number, asked("0", name, at=at), answered("0", "failed", at=at))
    hand.finish(number, state=RunState.FAILED, at=at)


def _questions(hand: Hand, given: dict[str, Any]) -> list[str]:
    query = QuestionQuery(state=QuestionState.WITHDRAWN, **given)
    return [each.run for each in hand.told(hand.store.questions(query)).items]


def _budgets(hand: Hand, given: dict[str, Any]) -> list[str]:
    found = hand.told(hand.store.budgets(BudgetQuery(prefix="run:", **given))).items
    return [each.id.removeprefix("run:") for each in found]


_LISTS: dict[str, Callable[[Hand, dict[str, Any]], list[str]]] = {
    "runs": lambda hand, given: [run.id for run in _all(hand, RunQuery(**given))],
    "dead": lambda hand, given: [each.run.id for each in hand.told(hand.store.dead(DeadQuery(**given))).items],
    "questions": _questions,
    "budgets": _budgets,
    "journal": lambda hand, given: [
        each.run for each in hand.told(hand.store.journal(FactQuery(kinds=[FactKind.ASKED], **given))).items
    ],
    "costs": lambda hand, given: [
        each.part for each in hand.told(hand.store.costs(CostQuery(by="agent", **given))).items
    ],
}
