"""What a store must tell the monitor."""

from dataclasses import replace
from pathlib import Path

from podium.model.fact import FactKind
from podium.model.facts.answers import AnsweredFailed
from podium.model.facts.calls import AttemptFailed
from podium.model.facts.notices import BreakerMoved, HealthChanged
from podium.model.json import Json
from podium.model.run import RunState
from podium.store.codec import encode
from podium.store.inserting import NewFact
from podium.store.operations import Start
from podium.store.protocol import FailureQuery, NoticeQuery, RunFact
from podium.testing.contracts.hand import WORKFLOW, Hand, new_run
from podium.testing.contracts.opened import OpenedStore

_OF_A = FailureQuery(agent="a", version="1")


class WatchingContract(OpenedStore):
    """How attempts and runs failed lately, what was noticed, and which workers died."""

    def test_failures_are_those_of_the_agent_and_version_newest_first(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            one, two = hand.start(new_run("one")), hand.start(new_run("two"))
            hand.write(one, asked("0", "a"), failed("0", "First", 101.0, FactKind.RETRY), failed("0", "Last", 104.0))
            hand.write(two, asked("0", "a"), failed("0", "Middle", 102.0), asked("1", "b"), failed("1", "Else", 103.0))
            hand.write(two, asked("2", "a", version="2"), failed("2", "Newer", 105.0), asked("3", "a"), done("3"))
            found = hand.told(hand.store.failures(_OF_A)).items
            assert [(each.run, error_of(each)) for each in found] == [
                ("one", "Last"),
                ("two", "Middle"),
                ("one", "First"),
            ]
            first = hand.told(hand.store.failures(replace(_OF_A, limit=1)))
            assert [error_of(each) for each in first] == ["Last"]

    def test_failures_that_a_fork_copied_are_not_told_again(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            facts = asked("0", "a"), failed("0", "First", 101.0)
            hand.write(hand.start(new_run("r")), *facts)
            hand.commit(Start(replace(new_run("fork"), facts=facts), drive=False))
            assert len(hand.told(hand.store.failures(_OF_A)).items) == 1

    def test_notices_are_the_last_of_each_guard_and_agent(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            one, two = hand.start(new_run("one")), hand.start(new_run("two"))
            hand.write(one, noticed("breaker", "a", 105.0, to="closed"), noticed("health", "a", 101.0, state="ill"))
            hand.write(two, noticed("breaker", "a", 104.0, to="open"), noticed("breaker", "b", 103.0, to="open"))
            hand.write(two, noticed("policy", "a", 106.0))
            found = hand.told(hand.store.notices(NoticeQuery(guards=["breaker", "health"]))).items
            assert [(each.run, *notice_of(each)) for each in found] == [
                ("one", "health", "a"),
                ("two", "breaker", "b"),
                ("one", "breaker", "a"),
            ]
            assert found[-1].fact.content == BreakerMoved(agent="a", version="1", before="", after="closed", why="")

    def test_runs_that_failed_are_told_since_a_time(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name, state in (("bad", RunState.FAILED), ("good", RunState.DONE)):
                hand.finish(hand.start(new_run(name)), state=state)
            assert hand.told(hand.store.failed_since(200.0)) == [(WORKFLOW, 200.0)]
            assert hand.told(hand.store.failed_since(200.5)) == []

    def test_a_worker_that_is_reaped_is_lost_and_one_that_leaves_is_not(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            workers = hand.store.workers
            Hand(hand.store, "w_2")
            workers.join("w_3", 150.0)
            workers.leave("w_2")
            assert [workers.is_fenced(name) for name in ("w_1", "w_2", "w_3", "never")] == [False, True, False, True]
            workers.reap("w_1", {"w_3": 150.0})
            assert [(each.id, each.beat) for each in workers.lost(150.0)] == [("w_3", 150.0)]
            assert workers.lost(150.5) == []
            assert workers.is_fenced("w_3")


def asked(key: str, agent: str, *, version: str = "1") -> NewFact:
    """Return the fact that an agent was asked."""
    return NewFact(FactKind.ASKED, key, 100.0, encode({"agent": agent, "version": version}), b"1")


def done(key: str) -> NewFact:
    """Return the fact that a call was answered."""
    return NewFact(FactKind.ANSWERED, key, 106.0, encode({"outcome": "done"}), b"1")


def failed(key: str, error: str, at: float, kind: FactKind = FactKind.ANSWERED) -> NewFact:
    """Return the fact that an attempt failed."""
    body: Json = {"outcome": "failed", "kind": "transport", "type": error, "message": "away"}
    return NewFact(kind, key, at, encode(body))


def noticed(guard: str, agent: str, at: float, **said: Json) -> NewFact:
    """Return what a guard noticed of an agent."""
    return NewFact(FactKind.NOTICE, "0", at, encode({"guard": guard, "agent": agent, "version": "1", **said}))


def error_of(found: RunFact) -> str:
    """Return the type of the error that a failed attempt tells of."""
    said = found.fact.content
    assert isinstance(said, AnsweredFailed | AttemptFailed)
    return said.type


def notice_of(found: RunFact) -> tuple[str, str]:
    """Return what noticed something, and of which agent."""
    said = found.fact.content
    assert isinstance(said, BreakerMoved | HealthChanged)
    return said.constant["guard"], said.agent
