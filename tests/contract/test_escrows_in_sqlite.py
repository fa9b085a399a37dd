"""Escrows in SQLite: who gives way to whom, and a store of a version that knew none."""

import sqlite3
from contextlib import closing
from pathlib import Path

from podium.engine.run.reservations import reserved
from podium.model.budget import Amount, BudgetLimits, BudgetLine, BudgetState
from podium.model.facts.kind import FactKind
from podium.store.operations import CommitVerdict, Draw, Reserve, Settle
from podium.store.protocol import BudgetQuery
from podium.store.sqlite.connection import APPLICATION_ID, connect
from podium.store.sqlite.sql import migrations
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import Hand, fact, new_run

SHARED = BudgetLine(id="tenant:acme", limits=BudgetLimits(usd=100), configured=True)


def wanting(run: int, id: str, usd: int, *, escrow: bool = False) -> Reserve:
    amount = Amount(usd=usd)
    said = reserved(id, "0", amount, [SHARED], 2.0)
    return Reserve(run=run, epoch=1, id=id, lines=[SHARED], amount=amount, fact=said, escrow=escrow)


def drawing(id: str, usd: int, spent: int | None = None) -> Draw:
    told = None if spent is None else Amount(usd=spent)
    return Draw(id=id, escrow="e", lines=[SHARED], amount=Amount(usd=usd), spent=told)


def state_of(hand: Hand) -> BudgetState:
    [state] = hand.told(hand.store.budgets(BudgetQuery())).items
    return state


def test_who_draws_gives_way_to_who_wants_what_the_escrow_holds() -> None:
    for spent in (None, 2):
        hand = Hand(SqliteStore(":memory:"))
        one, other = hand.start(new_run("one")), hand.start(new_run("other"))
        assert hand.verdict(wanting(one, "e", 10, escrow=True)) is CommitVerdict.OK
        assert hand.verdict(wanting(other, "b1", 101)) is CommitVerdict.SCARCE
        refused = hand.commit(wanting(other, "b2", 95))
        assert (refused.verdicts, refused.recallable) == ([CommitVerdict.SCARCE], {"b2"})
        hand.write(one, fact(FactKind.RESERVED), effects=[drawing("d", 2, spent)])
        assert state_of(hand).spent.usd + state_of(hand).reserved.usd == 10, "it was taken out of the escrow"
        hand.write(one, fact(FactKind.SETTLED), effects=[Settle("e", Amount()), Settle("d", Amount(usd=2))])
        assert hand.verdict(wanting(other, "b2", 95)) is CommitVerdict.OK
        assert (state_of(hand).spent.usd, state_of(hand).reserved.usd) == (2, 95)
        hand.close()


def test_once_it_was_served_escrows_are_renewed_again() -> None:
    hand = Hand(SqliteStore(":memory:"))
    one, other = hand.start(new_run("one")), hand.start(new_run("other"))
    assert hand.verdict(wanting(one, "e", 2, escrow=True)) is CommitVerdict.OK
    assert hand.commit(wanting(other, "b", 99)).recallable == {"b"}
    hand.write(one, fact(FactKind.SETTLED), effects=[Settle("e", Amount())])
    assert hand.verdict(wanting(one, "e", 2, escrow=True)) is CommitVerdict.SCARCE, "it is wanted still"
    assert hand.verdict(wanting(other, "b", 99)) is CommitVerdict.OK
    hand.write(other, fact(FactKind.SETTLED), effects=[Settle("b", Amount())])
    assert hand.verdict(wanting(one, "e", 2, escrow=True)) is CommitVerdict.OK
    hand.write(one, fact(FactKind.RESERVED), effects=[drawing("d", 1, 1)])
    assert (state_of(hand).spent.usd, state_of(hand).reserved.usd) == (1, 2)
    hand.close()


def test_a_store_that_knew_no_escrows_keeps_what_it_had_set_aside(tmp_path: Path) -> None:
    path, most = str(tmp_path / "podium.db"), 4
    with closing(connect(path, "process", wait=1.0)) as old:
        for number, text in migrations()[:most]:
            for statement in text.split(";\n"):
                old.execute(statement)
            old.execute(f"PRAGMA user_version = {number}")
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("PRAGMA journal_mode = WAL")
        old.execute("INSERT INTO budgets (id, usd_limit, usd_reserved, usd_spent) VALUES ('tenant:acme', 100, 30, 20)")
        old.execute("""INSERT INTO reservations VALUES ('b', 1, '[["tenant:acme", 30, null, null]]')""")
    hand = Hand(SqliteStore(path))
    run = hand.start(new_run("new"))
    assert (state_of(hand).spent.usd, state_of(hand).reserved.usd) == (20, 30)
    scarce = hand.commit(wanting(run, "c", 60))
    assert (scarce.verdicts, scarce.recallable) == ([CommitVerdict.SCARCE], set()), "what it had is no escrow"
    hand.write(run, fact(FactKind.SETTLED), effects=[Settle("b", Amount(usd=5))])
    assert (state_of(hand).spent.usd, state_of(hand).reserved.usd) == (25, 0)
    hand.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations()[-1][0] > most
