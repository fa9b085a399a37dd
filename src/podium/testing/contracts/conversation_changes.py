"""What a store must do with conversations that people change: all of a change with its record, or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from podium.model.conversation import exchange
from podium.model.conversation_state import EDITED
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.run import RunState
from podium.store.codec import encode
from podium.store.conversation_changes import (
    ConversationChange,
    DeleteConversation,
    ForkConversation,
    RedactConversation,
)
from podium.store.conversing import AppendTurn, NewMessage, ReleaseTurn, WantTurn
from podium.store.inserting import NewRun
from podium.store.operations import CommitVerdict, FinishRun, Redact, Start
from podium.store.protocol import SaidQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore

_BLANK = "[redacted]"


class ConversationChangesContract(OpenedStore):
    """A change waits for nobody, and spoils nothing that an unfinished run still needs."""

    def test_a_change_is_recorded_as_a_run_that_is_over_and_in_the_ledger(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _talk(hand, "r", "u", "hello")
            for change in (_fork("w", 1, "c1"), _redact("u", "c2"), _delete("u", "c3")):
                assert hand.verdict(change) is CommitVerdict.OK
            for each in ("c1", "c2", "c3"):
                run = hand.told(hand.store.run(each))
                assert run is not None
                assert (run.state, run.ended_at, run.facts) == (RunState.DONE, 100.0, 2)
                assert hand.told(hand.store.verify(each)) == []
                assert [(entry.facts, entry.state) for entry in hand.store.ledger.of(each)] == [(2, RunState.DONE)]
            assert hand.ready() == []

    def test_what_is_not_changed_is_not_recorded(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _talk(hand, "r", "u", "hello")
            _talk(hand, "s", "w", "hello")
            refused: Sequence[tuple[ConversationChange, CommitVerdict]] = [
                (_fork("w", 1, "c1"), CommitVerdict.DUPLICATE), (_fork("x", 2, "c2"), CommitVerdict.STALE),
                (_delete("x", "c3"), CommitVerdict.UNKNOWN), (_redact("x", "c4"), CommitVerdict.UNKNOWN),
                (replace(_delete("u", "c5"), tenant="other"), CommitVerdict.UNKNOWN),
            ]  # fmt: skip
            assert hand.commit(*(change for change, _ in refused)).verdicts == [verdict for _, verdict in refused]
            assert [hand.told(hand.store.run(each.record.id)) for each, _ in refused] == [None] * len(refused)
            assert (_texts(hand, "u"), _texts(hand, "w")) == (["hello"], ["hello"])

    def test_changes_and_runs_that_start_go_in_one_commit(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _talk(hand, "r", "u", "hello")
            both = hand.commit(_delete("x", "c1"), _start("s"), _fork("w", 1, "c2"), _start("t"), _delete("u", "c3"))
            assert both.verdicts == [CommitVerdict.UNKNOWN, *[CommitVerdict.OK] * 4]
            assert len(set(both.started.values())) == 2
            assert [hand.told(hand.store.verify(each)) for each in ("c2", "c3")] == [[], []]

    def test_a_fork_has_the_first_messages_and_the_one_that_is_given_anew(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _talk(hand, "r", "u", "one", "two", "three")
            edited = NewMessage("eve", encode(exchange("other", None)[0]))
            assert hand.verdict(replace(_fork("w", 1, "c1"), edited=edited)) is CommitVerdict.OK
            said = hand.told(hand.store.messages("t", "w"))
            assert [(each.place, each.author, each.run, each.key, each.edited) for each in said] == [
                (0, "ann", "r", "0", False), (1, "eve", "c1", EDITED, True),
            ]  # fmt: skip
            assert (_texts(hand, "w"), _texts(hand, "u")) == (["one", "other"], ["one", "two", "three"])
            state = hand.told(hand.store.conversation("t", "w"))
            assert state is not None
            assert (state.principal, state.revision, state.forked_from, state.forked_at) == ("p", 2, "u", 1)

    def test_a_conversation_is_deleted_once_nobody_has_a_turn_in_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            _say(hand, number, "u", "hello")
            assert hand.verdict(_delete("u", "c1")) is CommitVerdict.BUSY
            hand.write(number, fact(), effects=[ReleaseTurn("0", 101.0)])
            assert hand.verdict(_delete("u", "c1")) is CommitVerdict.OK
            assert hand.told(hand.store.messages("t", "u")) == []
            hand.write(number, fact(), effects=[_want("u")])
            given = hand.delivery(number).signals[-1].body
            assert given == {"conversation": "u", "revision": 0, "n": 2}

    def test_what_is_redacted_is_gone_with_the_copies_of_what_was_said_there(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _talk(hand, "r", "u", "above")
            hand.verdict(_fork("w", 1, "c1"))
            _talk(hand, "s", "w", "here")
            hand.commit(replace(_fork("x", 2, "c2"), name="w"), replace(_fork("y", 1, "c3"), name="u"))
            _talk(hand, "s2", "u", "beside")
            assert hand.verdict(_redact("w", "c4")) is CommitVerdict.OK
            assert {name: _texts(hand, name) for name in ("u", "w", "x", "y")} == {
                "u": ["above", "beside"], "w": [_BLANK, _BLANK], "x": ["above", _BLANK], "y": ["above"],
            }  # fmt: skip

    def test_nothing_is_redacted_where_somebody_has_a_turn(self, tmp_path: Path) -> None:
        """In the conversation itself, or in one with a copy; whether the conversation is redacted, or the run."""
        with self.hand(tmp_path) as hand:
            spoke = _talk(hand, "r", "u", "hello")
            hand.verdict(_fork("w", 1, "c1"))
            redact_run = Redact(run="r", epoch=1, left=[], reason="", fact=fact(FactKind.REDACTED))
            hand.write(spoke, fact(), close=FinishRun(RunState.DONE, "", 102.0, None))
            for at, name in enumerate(("u", "w")):
                number = hand.start(new_run(f"s{at}"))
                hand.write(number, fact(), effects=[_want(name)])
                for change in (redact_run, _redact("u", f"d{at}")):
                    assert hand.verdict(change) is CommitVerdict.BUSY
                held = hand.told(hand.store.held(["nobody", "r"]))
                assert held is not None
                assert (held.name, held.holder and held.holder.run) == (name, f"s{at}")
                assert (_texts(hand, "u"), _texts(hand, "w")) == (["hello"], ["hello"])
                hand.write(number, fact(), effects=[ReleaseTurn("0", 103.0)])
            assert hand.told(hand.store.held(["r"])) is None
            assert hand.verdict(redact_run) is CommitVerdict.OK
            assert (_texts(hand, "u"), _texts(hand, "w")) == ([_BLANK], [_BLANK])

    def test_a_turn_elsewhere_is_in_nobodys_way(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _talk(hand, "r", "u", "hello")
            hand.write(hand.start(new_run("s")), fact(), effects=[_want("other")])
            assert hand.told(hand.store.held(["r", "s"])) is None
            assert hand.verdict(_redact("u", "c1")) is CommitVerdict.OK

    def test_messages_are_found_newest_first_with_what_stands_around(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r", tag="trip"))
            for at, name, text in (
                (300.0, "u", 'the "Late" train'),
                (100.0, "v", "no train"),
                (200.0, "u", "100% late"),
            ):
                _say(hand, number, name, text, at=at, key=text)
            for text, wanted in (
                ("train", ['the "Late" train', "no train"]), ("LATE", ['the "Late" train', "100% late"]),
                ('"late', ['the "Late" train']), ("0%", ["100% late"]), ("_", []), ("user-prompt", []),
            ):  # fmt: skip
                assert _found(hand, text=text) == wanted
            for query, wanted in (
                ({"conversation": "u"}, 2), ({"tenant": "t", "principal": "p", "tag": "trip"}, 3), ({"tag": "x"}, 0),
                ({"since": 150.0, "until": 300.0}, 1), ({"tenant": "x"}, 0), ({"principal": "x"}, 0),
            ):  # fmt: skip
                assert len(_found(hand, text="a", **query)) == wanted
            pages: list[str] = []
            query = SaidQuery(text="a", limit=1)
            while True:
                page = hand.told(hand.store.said(query))
                pages += [each.excerpt for each in page]
                if page.cursor is None:
                    break
                query = replace(query, cursor=page.cursor)
            assert pages == ['the "Late" train', "100% late", "no train"]


def _record(id: str) -> NewRun:
    return replace(new_run(id, tenant="t"), facts=[fact(FactKind.ENDED)])


def _fork(into: str, at: int, id: str) -> ForkConversation:
    return ForkConversation(tenant="t", name="u", into=into, at=at, record=_record(id))


def _redact(name: str, id: str) -> RedactConversation:
    return RedactConversation(tenant="t", name=name, record=_record(id))


def _delete(name: str, id: str) -> DeleteConversation:
    return DeleteConversation(tenant="t", name=name, record=_record(id))


def _want(name: str, key: str = "0") -> WantTurn:
    return WantTurn(tenant="t", principal="p", name=name, key=key, at=100.0)


def _say(hand: Hand, run: int, name: str, *texts: str, at: float = 101.0, key: str = "0") -> None:
    said = [NewMessage("ann", encode(exchange(text, None)[0])) for text in texts]
    effects = [_want(name, key), AppendTurn(key=key, messages=said, at=at)]
    assert hand.write(run, fact(), effects=effects) is CommitVerdict.OK
    if key != "0":
        hand.write(run, fact(), effects=[ReleaseTurn(key, at)])


def _talk(hand: Hand, id: str, name: str, *texts: str) -> int:
    """Have a run say something in a conversation; its turn is over then."""
    number = hand.start(new_run(id))
    _say(hand, number, name, *texts)
    hand.write(number, fact(), effects=[ReleaseTurn("0", 101.0)])
    return number


def _texts(hand: Hand, name: str) -> list[Json]:
    return [each.message["parts"][0]["content"] for each in hand.told(hand.store.messages("t", name))]


def _found(hand: Hand, **wanted: Json) -> list[str]:
    return [each.excerpt for each in hand.told(hand.store.said(SaidQuery(**wanted)))]


def _start(id: str) -> Start:
    return Start(new_run(id), drive=False)
