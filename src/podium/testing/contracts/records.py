"""What a store must tell of how agents did."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.track_record import AgentReport, TrackRecord
from podium.store.codec import encode
from podium.store.inserting import NewFact
from podium.store.operations import Start
from podium.store.protocol import AgentQuery
from podium.testing.contracts.hand import Hand, new_run
from podium.testing.contracts.opened import OpenedStore


class RecordsContract(OpenedStore):
    """Records are folded from the facts: a call asked, its steps, and its answer."""

    def test_calls_are_counted_by_agent_and_version(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, asked("0", "b"), asked("1", "a"), answered("0", at=103.0), asked("2", "b", version="2"))
            hand.write(number, answered("2", "failed", at=101.0), asked("3", "b"), answered("3", "failed", at=101.0))
            assert folded(hand) == [
                TrackRecord(agent="a", version="1", calls=1, done=0, failed=0),
                TrackRecord(agent="b", version="1", calls=2, done=1, failed=1, seconds=2.0),
                TrackRecord(agent="b", version="2", calls=1, done=0, failed=1, seconds=1.0),
            ]

    def test_only_those_asked_for_are_told_of(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.write(hand.start(new_run("r")), *(asked(str(n), name) for n, name in enumerate("abc")))
            assert [each.agent for each in folded(hand, "c", "a", "nobody")] == ["a", "c"]
            assert [each.agent for each in folded(hand)] == ["a", "b", "c"]

    def test_with_a_label_only_the_calls_that_have_it_are_told_of(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, asked("0", "a", label="x"), answered("0"), asked("1", "a", label="y"), asked("2", "a"))
            hand.write(number, answered("1", "failed"), asked("3", "b", label="y"))
            told = {
                label: [(each.agent, each.calls, each.done, each.failed) for each in folded(hand, label=label)]
                for label in ("x", "y", "z", None)
            }
            assert told == {
                "x": [("a", 1, 1, 0)], "y": [("a", 1, 0, 1), ("b", 1, 0, 0)], "z": [],
                None: [("a", 3, 1, 1), ("b", 1, 0, 0)],
            }  # fmt: skip
            assert [each.calls for each in folded(hand, "b", label="y")] == [1]

    def test_a_store_without_calls_knows_nobody(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.write(hand.start(new_run("r")), answered("0"))
            assert folded(hand) == []

    def test_a_refused_call_neither_worked_nor_failed(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.write(hand.start(new_run("r")), asked("0", "a"), answered("0", "refused"))
            assert folded(hand) == [TrackRecord(agent="a", version="1", calls=1, done=0, failed=0, seconds=1.0)]

    def test_the_same_key_in_two_runs_is_two_calls(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            one, two = hand.start(new_run("one")), hand.start(new_run("two"))
            hand.write(one, asked("0", "a"))
            hand.write(two, asked("0", "a"), answered("0", at=104.0))
            hand.write(one, answered("0", "failed", at=102.0))
            assert folded(hand) == [TrackRecord(agent="a", version="1", calls=2, done=1, failed=1, seconds=3.0)]

    def test_a_key_that_is_asked_again_is_two_calls(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, asked("0", "a"), answered("0", "failed", at=102.0))
            hand.write(number, asked("0", "a", at=110.0), answered("0", at=116.0))
            assert folded(hand) == [TrackRecord(agent="a", version="1", calls=2, done=1, failed=1, seconds=4.0)]

    def test_a_price_is_that_of_the_answer_or_else_of_the_steps_together(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, asked("0", "a"), step("0/1/model#0", 0.25), step("0/1/model#1", 0.5), answered("0"))
            hand.write(number, asked("1", "b"), step("1/1/model#0", 0.25), answered("1", usd=2.0))
            hand.write(number, asked("2", "c"), step("2/1/tool#0", None), answered("2"))
            hand.write(number, asked("3", "a"), step("3/1/model#0", 1.25), asked("4", "a"), answered("4"))
            assert {each.agent: each.usd for each in folded(hand)} == {"a": 1.0, "b": 2.0, "c": None}

    def test_how_long_calls_took_is_told_of_half_and_of_nearly_all(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            for n in range(20):
                outcome = "failed" if n == 4 else "done"
                hand.write(number, asked(str(n), "a"), answered(str(n), outcome, at=101.0 + n, usd=0.5))
            hand.write(number, asked("20", "a", at=150.0), asked("21", "b"))
            found = hand.told(hand.store.agents(AgentQuery()))
            assert found.items == (
                AgentReport(
                    agent="a", version="1", calls=21, done=19, failed=1, p50=10.0, p95=19.0, usd=10.0, last=150.0
                ),
                AgentReport(
                    agent="b", version="1", calls=1, done=0, failed=0, p50=None, p95=None, usd=None, last=100.0
                ),
            )

    def test_how_agents_did_is_told_under_conditions_and_page_by_page(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name, tenant, at in (("a", "acme", 100.0), ("b", "acme", 200.0), ("c", "other", 300.0)):
                number = hand.start(replace(new_run(name), tenant=tenant))
                hand.write(number, asked("0", name, at=at), answered("0", at=at + 1))
            conditions = {
                "a b": AgentQuery(tenant="acme"), "b c": AgentQuery(since=150.0),
                "b": AgentQuery(since=150.0, until=250.0), "c": AgentQuery(text="C"), "a": AgentQuery(limit=1),
            }  # fmt: skip
            for names, query in conditions.items():
                assert " ".join(each.agent for each in hand.told(hand.store.agents(query))) == names
            first = hand.told(hand.store.agents(AgentQuery(limit=2)))
            rest = hand.told(hand.store.agents(AgentQuery(limit=2, cursor=first.cursor)))
            assert [[each.agent for each in page] for page in (first, rest)] == [["a", "b"], ["c"]]

    def test_only_the_last_facts_of_the_newest_runs_are_looked_at(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            old, new = hand.start(new_run("old")), hand.start(new_run("new"))
            hand.write(new, asked("0", "a"), answered("0"), asked("1", "a"), answered("1"))
            hand.write(old, asked("0", "a"), answered("0", "failed"))
            assert [(each.calls, each.failed) for each in folded(hand)] == [(3, 1)]
            assert [(each.calls, each.done) for each in folded(hand, recent=3)] == [(1, 1)]

    def test_what_a_fork_copied_does_not_count_again(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            facts = asked("0", "a"), answered("0")
            hand.write(hand.start(new_run("r")), *facts)
            hand.commit(Start(replace(new_run("fork"), facts=facts), drive=False))
            assert [each.calls for each in folded(hand)] == [1]


def folded(
    hand: Hand, *agents: str, label: str | None = None, recent: int | None = None
) -> Sequence[TrackRecord]:  # fmt: skip
    """Have the store fold its facts."""
    if recent is None:
        return hand.told(hand.store.records(agents, label=label))
    return hand.told(hand.store.records(agents, label=label, recent=recent))


def asked(key: str, agent: str, *, version: str = "1", at: float = 100.0, label: str | None = None) -> NewFact:
    """Return the fact that an agent was asked."""
    body: Json = {"agent": agent, "version": version} | ({} if label is None else {"label": label})
    return NewFact(FactKind.ASKED, key, at, encode(body), b"1")


def answered(key: str, outcome: str = "done", *, at: float = 101.0, usd: float | None = None) -> NewFact:
    """Return the fact that a call has ended."""
    body: Json = {"outcome": outcome} if usd is None else {"outcome": outcome, "usage": {"usd": usd}}
    return NewFact(FactKind.ANSWERED, key, at, encode(body))


def step(key: str, usd: float | None) -> NewFact:
    """Return the fact of a step, with its price."""
    return NewFact(FactKind.STEP, key, 100.5, encode({"name": "step", "usage": {"usd": usd}}), b"1")
