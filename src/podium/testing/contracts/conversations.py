"""What a store must do with conversations: turns one after the other, and what was said in its order."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from podium.model.audit import Pruning
from podium.model.conversation import Busy, exchange
from podium.model.conversation_state import ConversationMessage, TurnHolder
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.run import RunState, Signal
from podium.store.codec import encode
from podium.store.conversing import AppendTurn, NewMessage, ReleaseTurn, TurnEffect, WantTurn
from podium.store.inserting import NewFact
from podium.store.operations import CommitVerdict, FinishRun, Park, Prune, Redact, Spawn, Start, TakeSignal, Write
from podium.store.protocol import ConversationQuery, PrunableQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore


class ConversationsContract(OpenedStore):
    """Of all who want a turn one has it; whoever is next is told in the commit in which it is free."""

    def test_a_turn_is_given_in_the_commit_that_wants_it_where_it_is_free(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert _said(hand, number, _want("0")) == [("0", _GIVEN)]
            state = hand.told(hand.store.conversation("t", "u"))
            assert state is not None
            assert (state.holder, state.waiting, state.revision) == (TurnHolder("r", "0"), 0, 0)

    def test_whoever_wants_a_turn_twice_is_told_once(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert len(_said(hand, number, _want("0"), _want("0"))) == 1
            assert len(_said(hand, number, _want("0"))) == 1

    def test_a_parked_run_is_woken_with_its_turn_when_the_one_before_is_over(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second, third = (hand.start(new_run(name)) for name in ("a", "b", "c"))
            _say(hand, first, _want("0"))
            for number in (second, third):
                assert _said(hand, number, _want("0")) == []
                assert hand.write(number, fact(), close=Park(0, None)) is CommitVerdict.OK
            _say(hand, first, _append("0", "hello", "hi"), ReleaseTurn("0", 101.0))
            assert hand.ready() == [second]
            (claimed,) = hand.claim(second)
            assert _turns(claimed.signals) == [("0", {**_GIVEN, "revision": 2})]
            hand.write(second, fact(), epoch=2, effects=[ReleaseTurn("0", 102.0)])
            assert hand.ready() == [third]

    def test_messages_stand_in_the_order_of_their_commits(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second = hand.start(new_run("a")), hand.start(new_run("b"))
            _say(hand, first, _want("0"), _append("0", "one", "two"), ReleaseTurn("0", 101.0))
            _say(hand, second, _want("0"), _append("0", "three"), ReleaseTurn("0", 101.0))
            found = hand.told(hand.store.messages("t", "u"))
            assert [(each.place, _text(each), each.author, each.run, each.key) for each in found] == [
                (0, "one", "ann", "a", "0"), (1, "two", "ann", "a", "0"), (2, "three", "ann", "b", "0"),
            ]  # fmt: skip
            part = hand.told(hand.store.messages("t", "u", first=1, end=2))
            assert [_text(each) for each in part] == ["two"]

    def test_a_write_that_is_fenced_says_nothing_and_takes_no_turn(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert hand.write(number, fact(), epoch=7, effects=[_want("0")]) is CommitVerdict.STALE
            assert hand.told(hand.store.conversation("t", "u")) is None

    def test_one_who_would_not_wait_is_refused_or_goes_on_in_a_fork(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second, third = (hand.start(new_run(name)) for name in ("a", "b", "c"))
            _say(hand, first, _want("0"), _append("0", "hello"))
            ((_, refused),) = _said(hand, second, _want("0", busy="refuse"))
            assert "call 0 of run a" in refused["refused"]
            ((_, given),) = _said(hand, third, _want("0", busy="fork"))
            assert given["revision"] == 1
            _say(hand, third, _append("0", "on our own"))
            said = hand.told(hand.store.messages("t", given["conversation"]))
            assert [(each.place, _text(each), each.run) for each in said] == [
                (0, "hello", "a"),
                (1, "on our own", "c"),
            ]
            fork = hand.told(hand.store.conversation("t", given["conversation"]))
            assert fork is not None
            assert (fork.forked_from, fork.forked_at, fork.revision) == ("u", 1, 2)
            assert len(hand.told(hand.store.messages("t", "u"))) == 1

    def test_what_a_redacted_run_said_is_gone_in_copies_too(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second, third = (hand.start(new_run(name)) for name in ("a", "b", "c"))
            _say(hand, first, _want("0"), _append("0", "secret"))
            ((_, given),) = _said(hand, third, _want("0", busy="fork"))
            _say(hand, first, ReleaseTurn("0", 101.0))
            _say(hand, second, _want("0"), _append("0", "kept"), ReleaseTurn("0", 101.0))
            hand.finish(first)
            _say(hand, third, ReleaseTurn("0", 101.0))
            done = NewFact(FactKind.REDACTED, "", 103.0, encode({"left": ""}))
            assert hand.verdict(Redact(run="a", epoch=1, left=[], reason="", fact=done)) is CommitVerdict.OK
            for name, texts in (("u", ["[redacted]", "kept"]), (given["conversation"], ["[redacted]"])):
                found = hand.told(hand.store.messages("t", name))
                assert [_text(each) for each in found] == texts
                assert (found[0].run, found[0].key, found[0].author) == ("a", "0", "ann")

    def test_what_a_pruned_run_said_is_not_that_of_another_one_with_its_id(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first = hand.start(new_run("a"))
            _say(hand, first, _want("0"), _append("0", "kept"), ReleaseTurn("0", 101.0))
            hand.finish(first)
            [(_, [run])] = hand.told(hand.store.prunable(PrunableQuery(before=400.0, states=[RunState.DONE])))
            pruning = Pruning(
                run="a", facts=run.facts, head=run.head, state=run.state, at=300.0, by="ann", why="", signature=None
            )
            assert hand.verdict(Prune([(run.epoch, pruning)])) is CommitVerdict.OK
            again = hand.start(new_run("a", tag="t"))
            _say(hand, again, replace(_want("0"), name="v"), _append("0", "secret"), ReleaseTurn("0", 101.0))
            hand.finish(again)
            _say(hand, hand.start(new_run("b")), _want("0"))
            assert hand.told(hand.store.held(["a"])) is None
            assert [each.name for each in hand.told(hand.store.conversations(ConversationQuery(tag="t")))] == ["v"]
            done = NewFact(FactKind.REDACTED, "", 103.0, encode({"left": ""}))
            assert hand.verdict(Redact(run="a", epoch=1, left=[], reason="", fact=done)) is CommitVerdict.OK
            for name, texts in (("u", ["kept"]), ("v", ["[redacted]"])):
                assert [_text(each) for each in hand.told(hand.store.messages("t", name))] == texts

    def test_a_turn_inside_another_joins_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number, other = hand.start(new_run("r")), hand.start(new_run("s"))
            _say(hand, number, _want("0"))
            assert _said(hand, other, _want("0")) == []
            _say(hand, number, _want("0.0", within="0"), _append("0.0", "inside"), ReleaseTurn("0.0", 101.0))
            assert _said(hand, other) == []
            _say(hand, number, _append("0", "around"), ReleaseTurn("0", 102.0))
            assert [_text(each) for each in hand.told(hand.store.messages("t", "u"))] == ["inside", "around"]
            assert len(_said(hand, other)) == 1

    def test_the_end_of_a_run_is_the_end_of_its_turns(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second = hand.start(new_run("a")), hand.start(new_run("b"))
            _say(hand, first, _want("0"), _want("1", name="v"))
            _said(hand, second, _want("0"), _want("1", name="v"))
            hand.finish(first)
            assert sorted(key for key, _ in _said(hand, second)) == ["0", "1"]

    def test_a_run_that_has_ended_finds_nothing_of_its_turns_in_its_inbox(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second = hand.start(new_run("a")), hand.start(new_run("b"))
            _say(hand, first, _want("0"), _want("1", name="v"))
            assert _said(hand, second, _want("0")) == []
            end = FinishRun(RunState.FAILED, "", 200.0, None)
            hand.commit(Write(first, 1, [], [ReleaseTurn("0", 101.0)]), Write(second, 1, [fact()], [], end))
            again = hand.told(hand.store.take_over("b", hand.worker))
            assert again is not None
            assert _turns(again.signals) == []
            assert _said(hand, first, _want("0")) == [("0", _GIVEN)]

    def test_one_that_waits_and_goes_lets_the_next_one_come_when_it_is_free(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second, third = (hand.start(new_run(name)) for name in ("a", "b", "c"))
            for number in (first, second, third):
                _say(hand, number, _want("0"))
            _say(hand, second, ReleaseTurn("0", 101.0))
            assert _said(hand, third) == []
            _say(hand, first, ReleaseTurn("0", 101.0))
            assert len(_said(hand, third)) == 1

    def test_a_turn_that_is_not_wanted_any_more_leaves_nothing_in_the_inbox(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert len(_said(hand, number, _want("0"))) == 1
            assert _said(hand, number, ReleaseTurn("0", 101.0)) == []
            assert len(_said(hand, number, _want("0"))) == 1

    def test_a_run_that_is_started_with_a_turn_has_it_from_its_start(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            started = hand.commit(_start("a"), _start("b"))
            (first,) = started.deliveries.values()
            assert (first.run, _turns(first.signals)) == (started.started["a"], [("start", _GIVEN)])
            hand.finish(started.started["a"])
            assert _turns(hand.delivery(started.started["b"]).signals) == [("start", _GIVEN)]

    def test_a_child_run_is_refused_the_conversation_of_its_parent(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            parent = hand.start(new_run("p"))
            _say(hand, parent, _want("0"))
            hand.write(parent, fact(), effects=[Spawn(new_run("p.1", parent="p"))])
            number = hand.wake().ready[0].n
            hand.claim(number)
            ((_, refused),) = _said(hand, number, _want("0"))
            assert "call 0 of run p" in refused["refused"]

    def test_two_runs_that_would_wait_for_each_other_do_not(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second = hand.start(new_run("a")), hand.start(new_run("b"))
            _say(hand, first, _want("0"))
            _say(hand, second, _want("0", name="v"))
            assert _said(hand, first, _want("0.0", name="v")) == []
            refused = dict(_said(hand, second, _want("0.0")))["0.0"]
            assert "would wait for" in refused["refused"]

    def test_two_runs_whose_children_would_wait_for_each_other_do_not(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            children: list[int] = []
            for name, conversation in (("a", "u"), ("b", "v")):
                number = hand.start(new_run(name))
                _say(hand, number, _want("0", name=conversation))
                hand.write(number, fact(), effects=[Spawn(new_run(f"{name}.1", parent=name))])
                children.append(hand.wake().ready[0].n)
                hand.claim(children[-1])
            assert _said(hand, children[0], _want("0", name="v")) == []
            ((_, refused),) = _said(hand, children[1], _want("0"))
            assert "call 0 of run a, and that for this one" in refused["refused"]

    def test_a_turn_that_is_taken_anew_around_another_is_not_waited_for_in_a_circle(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first, second = hand.start(new_run("a")), hand.start(new_run("b"))
            _say(hand, first, _want("0", name="v"))
            _say(hand, second, _want("0"))
            assert _said(hand, second, _want("0.0", name="v")) == []
            ((_, refused),) = _said(hand, first, _want("start"))
            assert "would wait for" in refused["refused"]

    def test_conversations_are_listed_by_what_was_said_last(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r", tag="trip"))
            for at, name in ((300.0, "user-1"), (100.0, "user-2"), (200.0, "other_1")):
                _say(hand, number, _want(name, name=name), _append(name, f"about {name}", at=at))
            assert _listed(hand) == ["user-1", "other_1", "user-2"]
            assert _listed(hand, prefix="user-") == ["user-1", "user-2"]
            assert _listed(hand, text="ABOUT USER-2") == ["user-2"]
            assert _listed(hand, text="other_") == ["other_1"]
            assert _listed(hand, since=150.0, until=300.0) == ["other_1"]
            assert _listed(hand, tenant="t", principal="p", tag="trip") == ["user-1", "other_1", "user-2"]
            for nobody in ({"tenant": "x"}, {"principal": "x"}, {"tag": "x"}, {"text": "absent"}):
                assert _listed(hand, **nobody) == []
            first = hand.told(hand.store.conversations(ConversationQuery(limit=2)))
            rest = hand.told(hand.store.conversations(ConversationQuery(limit=2, cursor=first.cursor)))
            assert [each.name for each in (*first, *rest)] == ["user-1", "other_1", "user-2"]
            assert rest.cursor is None

    def test_a_conversation_that_goes_on_while_pages_are_read_is_not_missed(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            for at, name in ((400.0, "a"), (300.0, "b"), (200.0, "c"), (100.0, "d")):
                _say(hand, number, _want(name, name=name), _append(name, "hello", at=at))
            goes_on = iter([("c", 500.0), ("a", 501.0), ("c", 502.0)])
            seen, query = list[str](), ConversationQuery(limit=1)
            while True:
                found = hand.told(hand.store.conversations(query))
                seen += [each.name for each in found]
                if found.cursor is None:
                    break
                query = replace(query, cursor=found.cursor)
                if (said := next(goes_on, None)) is not None:
                    name, at = said
                    key = f"{name}-{at}"
                    _say(hand, number, _want(key, name=name), _append(key, "more", at=at))
            assert seen == ["a", "b", "d", "c", "a"]


_GIVEN: Json = {"conversation": "u", "revision": 0, "n": 1}


def _want(key: str, *, name: str = "u", busy: Busy = "wait", within: str | None = None) -> WantTurn:
    return WantTurn(tenant="t", principal="p", name=name, key=key, at=100.0, busy=busy, within=within)


def _append(key: str, *texts: str, at: float = 101.0) -> AppendTurn:
    said = [NewMessage("ann", encode(exchange(text, None)[0])) for text in texts]
    return AppendTurn(key=key, messages=said, at=at)


def _text(said: ConversationMessage) -> str:
    return said.message["parts"][0]["content"]


def _say(hand: Hand, run: int, *effects: TurnEffect) -> None:
    """Take the turns that a run is given, if it is given some."""
    for signal in _came(hand, run, *effects):
        hand.write(run, fact(), effects=[TakeSignal(signal.id)])


def _said(hand: Hand, run: int, *effects: TurnEffect) -> list[tuple[str, Json]]:
    """Return what a run is told of its turns, and has not taken."""
    return _turns(_came(hand, run, *effects))


def _came(hand: Hand, run: int, *effects: TurnEffect) -> Sequence[Signal]:
    assert hand.write(run, fact(), effects=effects) is CommitVerdict.OK
    return [each for each in hand.delivery(run).signals if each.kind == "turn"]


def _turns(signals: Sequence[Signal]) -> list[tuple[str, Json]]:
    return [(each.name, each.body) for each in signals if each.kind == "turn"]


def _start(name: str) -> Start:
    return Start(replace(new_run(name), turn=_want("start")), drive=True)


def _listed(hand: Hand, **wanted: Any) -> list[str]:
    return [each.name for each in hand.told(hand.store.conversations(ConversationQuery(**wanted)))]
