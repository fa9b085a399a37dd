"""What a store must do with runs and their facts."""

from contextlib import suppress
from pathlib import Path

from podium.errors import PodiumError
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.codec import encode
from podium.store.operations import CommitVerdict, Start, Write
from podium.store.protocol import FactQuery, RunQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore

_TEXTS = [chr(97 + at) * (300 + 200 * at) for at in range(8)]
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
            assert [each.seq for each in hand.told(hand.store.facts("r", after=0, limit=2))] == [1, 2]
            assert [each.seq for each in hand.told(hand.store.facts("r", after=1, limit=9))] == [2, 3]

    def test_a_large_payload_comes_back_whole(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.write(number, fact(payload=_LARGE), fact(payload=_LARGE))
            assert [each.payload for each in hand.told(hand.store.facts("r", after=0))] == [_LARGE, _LARGE]
            assert hand.told(hand.store.verify("r")) == []

    def test_what_a_run_says_again_comes_back_whole_wherever_it_is_read(self, tmp_path: Path) -> None:
        said = [encode(_TEXTS[:count]) for count in range(1, len(_TEXTS) + 1)]
        with self.hand(tmp_path) as hand:
            number, other = hand.start(new_run("r", payload=said[-1])), hand.start(new_run("other"))
            for seq, text in enumerate(said):
                hand.write(number, fact(key=f"{seq}", payload=text), fact())
            hand.commit(*(Write(run, 1, [fact(key="both", payload=text) for text in said]) for run in (number, other)))
            self._says(hand, "r", [said[-1], *(each for text in said for each in (text, None)), *said])
            self._says(hand, "other", [b'"input"', *said])
            hand.park(number)
        if not self.durable:
            return
        with self.hand(tmp_path, "w_2") as hand:
            hand.wake(now=1_000.0)
            assert [each.payload for each in hand.told(hand.store.facts("r", after=16))] == said[-8:]
            hand.take_over("r")
            hand.write(number, fact(key="again", payload=said[-1]), epoch=2)
            assert [each.payload for each in hand.told(hand.store.facts_of("r", "again"))] == [said[-1]]
            assert hand.told(hand.store.verify("r")) == []

    def _says(self, hand: Hand, run: str, payloads: list[bytes | None]) -> None:
        """Hold that a run says this, by all ways of reading it."""
        facts = hand.told(hand.store.facts(run))
        assert [each.payload for each in facts] == payloads
        listed = hand.told(hand.store.journal(FactQuery(run=run, limit=100))).items
        assert [each.fact.payload for each in listed] == payloads
        for each in facts:
            assert each in hand.told(hand.store.facts_of(run, each.key))
        assert hand.told(hand.store.verify(run)) == []

    def test_what_a_commit_said_that_failed_is_not_taken_as_said(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            with suppress(PodiumError):
                hand.write(number, fact(payload=encode(_TEXTS)), fact(key="\ud800"))
            assert hand.write(number, fact(payload=encode(_TEXTS)), epoch=7) is CommitVerdict.STALE
            hand.write(number, fact(payload=encode(_TEXTS)), fact(payload=encode([*_TEXTS, "end"])))
            assert [each.value() for each in hand.told(hand.store.facts("r", after=0))] == [_TEXTS, [*_TEXTS, "end"]]

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
