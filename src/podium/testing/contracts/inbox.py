"""What a store must do with signals, questions and answers."""

from pathlib import Path

from podium.model.question import QuestionState
from podium.model.run import Signal
from podium.store.asking import Expire, WithdrawQuestion
from podium.store.operations import CommitVerdict, Delivery, FetchSignals, Park, Send, TakeSignal, Tell, Write
from podium.store.protocol import QuestionQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore


class InboxContract(OpenedStore):
    """What comes from outside comes in once; a question leaves `open` once."""

    def test_a_signal_to_a_parked_run_makes_it_ready(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.park(number, wake_at=900.0)
            assert hand.signal("r") is CommitVerdict.OK
            woken = hand.wake()
            assert ([each.n for each in woken.ready], woken.next_due) == ([number], None)

    def test_a_signal_to_a_run_in_memory_is_told_to_whoever_drives_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            other = Hand(hand.store, "w_2")
            assert other.commit(Send("r", _signal("s_1"))).deliveries == {}
            (found,) = hand.wake(worker="w_1").deliveries
            assert (found.run, found.wake, [each.id for each in found.signals]) == (number, 1, ["s_1"])
            told = hand.commit(Send("r", _signal("s_2"))).deliveries
            assert [(each.run, each.wake, [s.id for s in each.signals]) for each in told.values()] == [
                (number, 2, ["s_1", "s_2"])
            ]

    def test_a_run_that_cannot_be_parked_is_told_why(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.signal("r")
            refused = hand.commit(Write(number, 1, [], [], Park(0, None)))
            assert refused.verdicts == [CommitVerdict.AWAKE]
            assert (refused.deliveries[number].wake, [each.id for each in refused.deliveries[number].signals]) == (
                1,
                ["s_1"],
            )

    def test_an_inbox_is_read_as_of_the_end_of_its_commit_by_who_drives_the_run(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.signal("r")
            taken = hand.commit(
                FetchSignals(number, 1), Send("r", _signal("s_2")), Write(number, 1, [fact()], [TakeSignal("s_1")])
            )
            assert [each.id for each in taken.deliveries[number].signals] == ["s_2"]
            for asked in (
                hand.commit(FetchSignals(number, 2)),
                Hand(hand.store, "w_2").commit(FetchSignals(number, 1)),
            ):
                assert (asked.verdicts, asked.deliveries) == ([CommitVerdict.STALE], {})

    def test_the_same_signal_comes_in_once(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert [hand.signal("r"), hand.signal("r"), hand.signal("nobody")] == [
                CommitVerdict.OK, CommitVerdict.DUPLICATE, CommitVerdict.UNKNOWN,
            ]  # fmt: skip
            hand.write(number, fact(), effects=[TakeSignal("s_1")])
            assert hand.signal("r") is CommitVerdict.DUPLICATE
            assert hand.delivery(number) == Delivery(number, 1, [])

    def test_signals_come_in_the_order_in_which_they_were_sent(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            for name in ("z", "a", "m"):
                hand.signal("r", name)
            assert [each.id for each in hand.delivery(number).signals] == ["z", "a", "m"]

    def test_a_run_tells_another(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number, other = hand.start(new_run("r")), hand.start(new_run("other"))
            hand.write(number, fact(), effects=[Tell("other", Signal("t", "cancel", "cancel", {}, 1.0))])
            assert [each.kind for each in hand.delivery(other).signals] == ["cancel"]

    def test_a_question_is_listed_until_it_is_answered(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            question = hand.ask(number, "r", deadline=300.0)
            (listed,) = hand.told(
                hand.store.questions(QuestionQuery(state=QuestionState.OPEN, to="boss", run="r"))
            ).items
            assert (listed.id, listed.ask.text, listed.ask.subject, listed.deadline) == (
                question, "May I?", {"about": 1}, 300.0,
            )  # fmt: skip
            assert hand.told(hand.store.questions(QuestionQuery(state=QuestionState.OPEN, to="else"))).items == ()
            assert hand.answer(question) is CommitVerdict.OK
            assert hand.told(hand.store.questions(QuestionQuery(state=QuestionState.OPEN))).items == ()
            assert _state(hand, question) is QuestionState.ANSWERED
            (signal,) = hand.delivery(number).signals
            assert (signal.kind, signal.name) == ("answer", question)
            assert signal.body == [{"by": "ann", "value": {"yes": "ann"}, "at": 110.0}]

    def test_an_answered_question_takes_no_second_answer(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            question = hand.ask(hand.start(new_run("r")), "r")
            assert [hand.answer(question), hand.answer(question, by="bob")] == [CommitVerdict.OK, CommitVerdict.CLOSED]
            assert hand.verdict(Expire(question)) is CommitVerdict.CLOSED
            assert hand.answer("nothing") is CommitVerdict.UNKNOWN

    def test_an_answer_after_the_deadline_is_refused(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            early, late = (hand.ask(number, "r", deadline=300.0) for _ in range(2))
            assert hand.answer(early, at=299.9) is CommitVerdict.OK
            assert hand.answer(late, at=300.0) is CommitVerdict.CLOSED

    def test_the_same_answer_of_the_same_person_may_be_sent_again_and_is_recorded_once(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            question = hand.ask(number, "r", quorum=2)
            for by in ("Ann", "bob"):
                sent = [hand.answer(question, by=by, value={"a": 1, "b": True}, again=True) for _ in range(2)]
                later = hand.answer(question, by=by.lower(), at=900.0, value={"b": True, "a": 1}, again=True)
                assert [*sent, later] == [CommitVerdict.OK] * 3
            assert hand.answer(question, by="bob", value={"a": 1, "b": 1}, again=True) is CommitVerdict.CLOSED
            assert hand.answer(question, by="bob", value={"a": 1, "b": True}) is CommitVerdict.CLOSED
            (signal,) = hand.delivery(number).signals
            assert [each["by"] for each in signal.body] == ["Ann", "bob"]
            kinds = [each.type.value for each in hand.told(hand.store.events.after(0, 99))]
            assert kinds.count("question_answered") == 2

    def test_a_quorum_wants_different_people(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            question = hand.ask(number, "r", quorum=2)
            assert [hand.answer(question), hand.answer(question)] == [CommitVerdict.OK, CommitVerdict.DUPLICATE]
            assert hand.answer(question, value={"yes": 1}, again=True) is CommitVerdict.DUPLICATE
            assert hand.delivery(number).signals == []
            assert hand.answer(question, by="bob") is CommitVerdict.OK
            assert [each["by"] for each in hand.delivery(number).signals[0].body] == ["ann", "bob"]

    def test_an_expired_question_takes_no_answer(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            question = hand.ask(hand.start(new_run("r")), "r")
            assert hand.verdict(Expire(question)) is CommitVerdict.OK
            assert _state(hand, question) is QuestionState.EXPIRED
            assert hand.answer(question) is CommitVerdict.CLOSED

    def test_a_question_is_withdrawn_by_its_run_and_by_its_runs_end(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            first, second = hand.ask(number, "r"), hand.ask(number, "r")
            hand.write(number, fact(), effects=[WithdrawQuestion(first)])
            assert _state(hand, first) is QuestionState.WITHDRAWN
            hand.finish(number)
            assert _state(hand, second) is QuestionState.WITHDRAWN
            assert hand.answer(second) is CommitVerdict.CLOSED


def _signal(id: str) -> Signal:
    return Signal(id, "user", "go", None, 150.0)


def _state(hand: Hand, question: str) -> QuestionState:
    found = hand.told(hand.store.question(question))
    assert found is not None
    return found.state
