"""What a store must do with runs and their facts."""

from pathlib import Path

from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.operations import CommitVerdict, Start
from podium.store.protocol import RunQuery
from podium.testing.contracts.hand import fact, new_run
from podium.testing.contracts.opened import OpenedStore

_LARGE = b'"' + b"x" * 200_000 + b'"'


class RunsContract(OpenedStore):
    """Runs are inserted once, and what they record comes back as it was given."""

    def test_a_started_run_is_found(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r", tag="t", priority=3))
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.id, run.state, run.epoch, run.tag, run.priority) == ("r", RunState.RUNNING, 1, "t", 3)
            assert (run.owner, run.root) == ("w_1", "r")

    def test_a_run_that_is_not_there_is_none(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            assert hand.told(hand.store.run("nobody")) is None
            assert hand.told(hand.store.facts("nobody")) == []
            assert hand.told(hand.store.question("nobody")) is None

    def test_a_run_that_is_not_driven_here_is_placed(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            done = hand.commit(Start(new_run("r", priority=2), drive=False))
            assert [(each.n, each.priority) for each in done.placed] == [(done.started["r"], 2)]
            assert hand.ready() == [done.started["r"]]

    def test_a_run_is_inserted_once(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            again = hand.commit(Start(new_run("r", payload=b"2"), drive=True))
            assert (again.verdicts, again.started) == ([CommitVerdict.DUPLICATE], {"r": number})
            assert [each.payload for each in hand.told(hand.store.facts("r"))] == [b'"input"']

    def test_a_tag_belongs_to_one_run_of_a_tenant_and_workflow(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r", tag="t"))
            again = hand.commit(Start(new_run("other", tag="t"), drive=True))
            assert (again.verdicts, again.started["other"]) == ([CommitVerdict.DUPLICATE], number)
            assert again.known == {"other": "r"}
            for other in (new_run("third", workflow="else", tag="t"), new_run("fourth", tenant="else", tag="t")):
                assert hand.verdict(Start(other, drive=True)) is CommitVerdict.OK

    def test_facts_come_back_in_order_as_they_were(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact(FactKind.ASKED, "0", payload=b"[1]", at=101.5), fact(FactKind.ANSWERED, "0"))
            hand.write(number, fact(FactKind.ASKED, "1"))
            found = hand.told(hand.store.facts("r"))
            assert [(each.seq, each.kind, each.key) for each in found] == [
                (0, FactKind.STARTED, ""), (1, FactKind.ASKED, "0"), (2, FactKind.ANSWERED, "0"),
                (3, FactKind.ASKED, "1"),
            ]  # fmt: skip
            assert (found[1].at, found[1].body, found[1].payload) == (101.5, {"of": "0"}, b"[1]")
            assert [each.seq for each in hand.told(hand.store.facts("r", after=1))] == [2, 3]

    def test_a_large_payload_comes_back_whole(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact(payload=_LARGE), fact(payload=_LARGE))
            assert [each.payload for each in hand.told(hand.store.facts("r", after=0))] == [_LARGE, _LARGE]
            assert hand.told(hand.store.verify("r")) == []

    def test_runs_are_listed_newest_first_and_by_what_is_asked(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            numbers = [hand.start(new_run(f"r{i}", tag=f"t{i}", parent="r0" if i else None)) for i in range(3)]
            hand.finish(numbers[1])
            listed = {
                name: [run.id for run in hand.told(hand.store.runs(query)).items]
                for name, query in {
                    "all": RunQuery(), "two": RunQuery(limit=2), "done": RunQuery(state=RunState.DONE),
                    "tag": RunQuery(tag="t2"), "children": RunQuery(parent="r0"), "none": RunQuery(workflow="other"),
                }.items()
            }  # fmt: skip
            assert listed == {
                "all": ["r2", "r1", "r0"], "two": ["r2", "r1"], "done": ["r1"], "tag": ["r2"],
                "children": ["r2", "r1"], "none": [],
            }  # fmt: skip

    def test_the_chain_of_an_untouched_run_holds(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact(payload=b"1"), fact())
            hand.finish(number)
            assert hand.told(hand.store.verify("r")) == []
            assert [each.what for each in hand.told(hand.store.verify("nobody"))] == ["the run is not in the store"]

    def test_what_was_committed_is_there_after_reopening(self, tmp_path: Path) -> None:
        if not self.durable:
            return
        with self.hand(tmp_path) as hand:
            hand.write(hand.start(new_run("r")), fact(payload=b"1"))
        with self.hand(tmp_path, "w_2") as hand:
            assert [each.payload for each in hand.told(hand.store.facts("r"))] == [b'"input"', b"1"]
            assert hand.told(hand.store.verify("r")) == []
