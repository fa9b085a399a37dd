"""Whatever stands in a store, PostgreSQL answers each question as SQLite does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest

from podium.model.conversation import TURN
from podium.model.cost import Dimension
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.run import RunState
from podium.store.codec import encode
from podium.store.conversing import AppendTurn, NewMessage, WantTurn
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import Start
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import (
    AgentQuery,
    BudgetQuery,
    ConversationQuery,
    CostQuery,
    DeadQuery,
    FactQuery,
    FailureQuery,
    NoticeQuery,
    Page,
    PrunableQuery,
    Query,
    QuestionQuery,
    RunQuery,
    SaidQuery,
    Store,
)
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import Hand
from tests.examples import some
from tests.postgres import PostgresServer

SEEDS = range(6)
RUNS = ["a", "a.0", "a.0.1", "b", "b.1", "B%_\\", "é"]
KEYS = ["0", "1", "0.0", "0.1", "start", "0.start", "0/model#0", "0/cache/embed#0", "1/guard/x#0", "1/tool#0"]
MOMENTS = [100.0 + n / 4 for n in range(40)] + [90_000.5, 180_000.25]


def usage(chance: Random) -> Json:
    known: dict[str, Json] = {
        "model": chance.choice(["big", "small"]), "input_tokens": chance.randrange(99), "requests": chance.randrange(3),
        "output_tokens": chance.randrange(99), "usd": chance.randrange(1, 99) / 64, "in_doubt": chance.random() < 0.3,
        "cpu_seconds": chance.randrange(9) / 8, "gb_seconds": chance.randrange(9) / 16,
    }  # fmt: skip
    return {name: value for name, value in known.items() if chance.random() < 0.8}


def payer(chance: Random) -> dict[str, Json]:
    """Return what a fact says of who used something up."""
    return chance.choice([{}, {"by": "spare"}, {"by": "judge", "beside": True}, {"by": "Bob", "beside": True}])


def degraded(chance: Random) -> dict[str, Json]:
    """Return what an answer says of what it is short of."""
    lacks: list[Json] = [
        {"key": key, "agent": "ann", "by": chance.choice(["spare", "zoë", ""]), "why": "away"}
        for key in chance.sample(["0", "1", "0.0", "0.1"], chance.randrange(1, 4))
    ]
    return chance.choice([{}, {"degraded": lacks}])


def said(chance: Random) -> tuple[int, dict[str, Json]]:
    """Return the kind and the body of a fact."""
    who: dict[str, Json] = {
        "agent": chance.choice(["ann", "Bob", "o\\b", "zoë"]), "version": chance.choice(["1", "2"])
    }  # fmt: skip
    outcome, decision = chance.choice(["done", "failed", "refused"]), chance.choice(["deny", "allow"])
    amounts: dict[str, Json] = {name: chance.randrange(1, 999) * 1_000_000 for name in ("untold", "doubt")}
    unsure: dict[str, Json] = {name: value for name, value in amounts.items() if chance.random() < 0.4}
    bodies: list[tuple[int, dict[str, Json]]] = [
        *[(2, {**who, "label": chance.choice(["x", "y"])})] * 3,
        (3, {"outcome": outcome, "usage": usage(chance), "rule": "guard:pii", "type": "ValueError"}),
        (3, {"outcome": outcome, "usage": usage(chance), **degraded(chance)}),
        (4, {"type": "TimeoutError", "message": "too Late 100%"}),
        *[(6, {"usage": usage(chance), "refused": "guard:pii", **payer(chance)})] * 2,
        (22, {"in_doubt": chance.random() < 0.6, "usd": 5_000_000, **unsure, **payer(chance)}),
        (22, {"in_doubt": chance.random() < 0.6, "usd": 7_000_000, "usage": usage(chance), **payer(chance)}),
        (24, {**who, "guard": "cache", "saved": chance.randrange(99) / 64}),
        (
            24,
            {
                "agent": chance.choice(["", "judge"]),
                "guard": "correction",
                "run": chance.choice(RUNS),
                "usd": chance.randrange(9) * 1_000_000,
            },
        ),
        (24, {**who, "guard": "policy", "decision": decision, "action": "tool", "why": "No\\Way\0"}),
        (28, {"n": chance.randrange(1, 4), "conversation": chance.choice(["desk", "lab"])}),
    ]
    return chance.choice(bodies)


def facts(chance: Random, count: int) -> list[NewFact]:
    made: list[NewFact] = []
    for _ in range(count):
        kind, body = said(chance)
        made.append(NewFact(FactKind(kind), chance.choice(KEYS), chance.choice(MOMENTS), encode(body)))
    return made


def fill(hand: Hand, chance: Random) -> None:
    """Have a store say much; the same whatever the store is."""
    for name in RUNS:
        root = name.split(".", maxsplit=1)[0]
        run = NewRun(
            id=name, workflow=chance.choice(["work", "rest"]), version="1", queue="default", priority=0,
            tenant=chance.choice(["acme", "Acme", "zeta"]), principal=chance.choice(["ann", "bob"]), root=root,
            parent=name.rpartition(".")[0] or None, tag=chance.choice([None, f"t {name}", f"T_{name}"]),
            at=chance.choice(MOMENTS), started=NewFact(FactKind.STARTED, "", 100.0, b"{}", b'"input"'),
            facts=facts(chance, chance.randrange(4)),
        )  # fmt: skip
        number = hand.commit(Start(run, drive=True)).started[name]
        hand.write(number, *facts(chance, 12), effects=[turn(chance, f"t{n}") for n in range(2)])
        say = AppendTurn(key="t0", messages=[message(chance) for _ in range(2)], at=chance.choice(MOMENTS))
        hand.write(number, *facts(chance, 6), effects=[say] if has_turn(hand, number, say.key) else [])
        hand.ask(number, name, at=chance.choice(MOMENTS), tenant=run.tenant)
        if chance.random() < 0.7:
            state = chance.choice([RunState.DONE, RunState.FAILED])
            hand.finish(number, state=state, at=chance.choice(MOMENTS))


def has_turn(hand: Hand, run: int, key: str) -> bool:
    """Return whether a run has the turn that it wanted, or waits for it: refused is one that would wait in a circle."""
    told = {each.name: each.body for each in hand.delivery(run).signals if each.kind == TURN}
    return "refused" not in (told.get(key) or {})


def turn(chance: Random, key: str) -> WantTurn:
    name, tenant = chance.choice(["desk", "lab"]), chance.choice(["acme", "zeta"])
    return WantTurn(tenant=tenant, principal="ann", name=name, key=key, at=chance.choice(MOMENTS))


def message(chance: Random) -> NewMessage:
    content: Json = chance.choice(
        ["Hello \\ 100%", "b\0b", ["one", {"content": "Two"}], {"deep": [{"content": "é"}]}, 7]
    )
    part: Json = {"part_kind": chance.choice(["tool-return", "text"]), "content": content, "other": "hello"}
    return NewMessage("user", encode({"parts": [part]}))


def queries(chance: Random) -> Iterator[tuple[str, Query]]:
    """Give lists and what to ask them for."""
    filters: list[dict[str, Any]] = [
        {}, {"tenant": "acme"}, {"principal": "ann"}, {"since": 102.0, "until": 108.0}, {"tag": "t b"},
        {"tenant": "acme", "since": 101.0}, *({"text": text} for text in ("B", "%", "\\", "o\\W", "É", "_")),
    ]  # fmt: skip
    lists: list[tuple[str, Query]] = [
        ("runs", RunQuery()), ("runs", RunQuery(workflow="work")), ("runs", RunQuery(prefix="a")),
        ("runs", RunQuery(parent="a")), ("dead", DeadQuery()), ("dead", DeadQuery(asked="Bob")),
        ("journal", FactQuery()), ("journal", FactQuery(run="b", kinds=[FactKind(2), FactKind(24)])),
        ("failures", FailureQuery(agent="ann", version="1")), ("notices", NoticeQuery(guards=["cache", "policy"])),
        ("questions", QuestionQuery()), ("questions", QuestionQuery(to="BOSS", run="a")), ("budgets", BudgetQuery()),
        ("conversations", ConversationQuery()), ("said", SaidQuery(conversation="desk")), ("said", SaidQuery()),
        ("agents", AgentQuery()), *(("costs", CostQuery(by=by)) for by in get_args(Dimension)),
        ("costs", CostQuery(by="conversation", run="a")), ("costs", CostQuery(by="model", run="a", below="0")),
        ("costs", CostQuery(by="agent", conversation="desk")),
    ]  # fmt: skip
    for name, query in lists:
        for given in chance.sample(filters, 4):
            yield name, replace(query, **given, limit=chance.choice([4, 100]))


async def answers(store: Store, chance: Random) -> list[tuple[object, object]]:
    """Return what a store says to each question."""
    return [
        ((name, query), await listed(getattr(store, name), query)) for name, query in queries(chance)
    ] + await others(store)


async def others(store: Store) -> list[tuple[object, object]]:
    """Return what a store says where it is not asked for a list."""
    asked: list[Callable[[], Awaitable[object]]] = [
        store.records, partial(store.records, ["ann", "zoë"], label="x"), store.evidence,
        partial(store.failed_since, 101.0), partial(store.held, RUNS),
        partial(prunable, store),
    ]  # fmt: skip
    for name in RUNS:
        asked += [partial(each, name) for each in (store.run, store.facts, store.generation, store.verify)]
        asked += [partial(store.facts, name, after=3), partial(store.facts_of, name, "0")]
        asked += [partial(store.pruning, name)]
    for tenant, name in product(["acme", "zeta"], ["desk", "lab"]):
        asked += [partial(each, tenant, name) for each in (store.conversation, store.messages)]
    return [(each, await each()) for each in asked]


async def prunable(store: Store) -> object:
    """Return what may be deleted, but for the hashes: these have other salts in each store."""
    found = await store.prunable(PrunableQuery(before=150.0, states=[RunState.DONE, RunState.FAILED]))
    return [(n, [replace(run, head=b"") for run in family]) for n, family in found]


async def listed(read: Callable[[Query], Awaitable[Page[object]]], query: Query) -> list[object]:
    items, pages = list[object](), 0
    while pages < 100:
        page = await read(query)
        items += page.items
        if page.cursor is None:
            return items
        query, pages = replace(query, cursor=page.cursor), pages + 1
    raise AssertionError(f"{query} has no end")


@pytest.mark.more
@pytest.mark.parametrize("seed", some(SEEDS, one_in=6))
def test_each_question_is_answered_alike(seed: int, tmp_path: Path, postgres: PostgresServer) -> None:
    told: list[list[tuple[object, object]]] = []
    for store in (SqliteStore(str(tmp_path / "podium.db")), PostgresStore(postgres.address())):
        with closing(store):
            fill(Hand(store), Random(seed))
            told.append(asyncio.run(answers(store, Random(seed))))
    sqlite, ours = told
    assert sum(bool(answer) for _, answer in sqlite) > len(sqlite) / 2
    for (asked, expected), (_, answer) in zip(sqlite, ours, strict=True):
        assert answer == expected, asked
