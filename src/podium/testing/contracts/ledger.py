"""What a store must do with its ledger, and with runs that are redacted."""

from pathlib import Path

from podium.model.audit import GENESIS, ROTATED, KeyChange, Pruning, Seal, remains_of
from podium.model.fact import FactKind
from podium.model.question import QuestionState
from podium.model.run import RunState
from podium.store.codec import encode
from podium.store.inserting import NewFact
from podium.store.operations import Block, CommitVerdict, Prune, Redact
from podium.store.protocol import PrunableQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore

_LARGE = b'"' + b"x" * 200_000 + b'"'


class LedgerContract(OpenedStore):
    """Whatever leaves memory is entered; what is redacted is gone, and its chain holds."""

    def test_a_run_is_entered_whenever_it_leaves_memory(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            assert hand.store.ledger.last() == (0, GENESIS)
            numbers = [hand.start(new_run(f"r{i}")) for i in range(3)]
            assert hand.store.ledger.last() == (0, GENESIS)
            hand.park(numbers[0])
            hand.write(numbers[1], fact(), close=Block("no code"))
            hand.finish(numbers[2])
            entries = list(hand.store.ledger.entries())
            assert [(each.n, each.run, each.facts, each.state) for each in entries] == [
                (1, "r0", 1, "parked"), (2, "r1", 2, "blocked"), (3, "r2", 2, "done"),
            ]  # fmt: skip
            assert hand.store.ledger.last() == (3, entries[-1].hash)

    def test_each_entry_is_chained_to_the_one_before_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("a", "b", "c"):
                hand.finish(hand.start(new_run(name)))
            previous = GENESIS
            for entry in hand.store.ledger.entries():
                assert entry.follows(previous)
                previous = entry.hash
            assert [each.head for each in hand.store.ledger.of("b")] == [hand.store.ledger.hashes("b")[-1]]

    def test_a_journal_is_read_once_for_all_that_an_audit_checks(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("a", "b", "c"):
                hand.finish(hand.start(new_run(name)))
            read = hand.store.ledger.read("b")
            assert (list(read.faults), list(read.hashes)) == ([], hand.store.ledger.hashes("b"))
            assert [each.body for each in read.facts] == [each.body for each in hand.told(hand.store.facts("b"))]
            assert list(hand.store.ledger.runs()) == ["a", "b", "c"]
            assert list(hand.store.ledger.runs(after="a")) == ["b", "c"]

    def test_what_is_not_carried_out_is_not_entered(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.signal("r")
            assert hand.park(number) is CommitVerdict.AWAKE
            assert hand.finish(number, epoch=7) is CommitVerdict.STALE
            assert hand.store.ledger.last() == (0, GENESIS)

    def test_a_seal_is_kept_once(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            seal = Seal(n=1, hash=b"h" * 32, at=1.0, signature=b"s")
            hand.store.ledger.seal(seal)
            hand.store.ledger.seal(Seal(n=1, hash=b"x" * 32, at=2.0, signature=b"t"))
            assert hand.store.ledger.seals() == [seal]

    def test_that_the_key_is_replaced_is_entered_and_is_of_no_run(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.finish(hand.start(new_run("new")))
            first, before = hand.store.ledger.last()
            change = hand.store.ledger.change_key(
                lambda n: KeyChange(entry=n, old="old", new="new", at=1.0, by="ann", why="", signature=b"s")
            )
            [entry] = [each for each in hand.store.ledger.entries() if each.n > first]
            assert entry.follows(before)
            assert (entry.n, entry.run, entry.head, entry.state) == (2, "new", change.digest, ROTATED)
            assert hand.store.ledger.key_changes() == [change]
            assert [each.n for each in hand.store.ledger.of("new")] == [1]
            assert hand.store.ledger.orphans() == []

    def test_a_redacted_run_has_lost_what_it_carried_and_its_chain_holds(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            question = hand.ask(number, "r")
            hand.answer(question)
            hand.write(number, fact(payload=_LARGE))
            hand.finish(number)
            assert _redact(hand, "r") is CommitVerdict.OK
            *facts, redacted = hand.told(hand.store.facts("r"))
            assert [(each.body, each.payload) for each in facts] == [({}, None)] * 4
            assert (redacted.kind, redacted.epoch) == (FactKind.REDACTED, 2)
            assert hand.told(hand.store.verify("r")) == []
            assert [each.state for each in hand.store.ledger.of("r")] == ["answered", "done", "done"]
            [asked] = hand.store.ledger.questions("r")
            question = asked.question
            assert (question.ask.text, question.ask.subject, question.state) == ("", None, QuestionState.ANSWERED)
            assert [(answer.value, answer.salt) for answer in asked.answers] == [(b"null", None)]
            taken = hand.take_over("r")
            assert taken is not None
            assert taken.signals == []

    def test_only_a_run_that_ended_is_redacted_and_only_as_it_was_seen(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            assert [_redact(hand, "r"), _redact(hand, "nobody")] == [CommitVerdict.STALE, CommitVerdict.STALE]
            hand.finish(number)
            assert _redact(hand, "r", epoch=2) is CommitVerdict.STALE
            assert hand.told(hand.store.facts("r"))[0].payload == b'"input"'

    def test_what_was_emptied_without_a_redaction_that_says_so_is_found(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.finish(hand.start(new_run("r")))
            _redact(hand, "r", left=b'{"a":1}', said=b"{}")
            assert {each.what for each in hand.told(hand.store.verify("r"))} == {
                "its content was taken away or replaced"
            }

    def test_a_large_payload_goes_with_the_last_who_had_it(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("a", "b"):
                number = hand.start(new_run(name))
                hand.write(number, fact(payload=_LARGE))
                hand.finish(number)
            _redact(hand, "a")
            assert hand.told(hand.store.facts("b"))[1].payload == _LARGE
            assert hand.store.ledger.lost_blobs() == []
            number = hand.start(new_run("c"))
            _redact(hand, "b")
            hand.write(number, fact(payload=_LARGE))
            assert hand.told(hand.store.facts("c"))[1].payload == _LARGE

    def test_runs_that_ended_long_ago_and_are_whole_are_told(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("a", "b"):
                hand.finish(hand.start(new_run(name)))
            hand.finish(hand.start(new_run("a.0", parent="a")))
            hand.start(new_run("c"))
            hand.finish(hand.start(new_run("c.0", parent="c")))
            assert hand.store.ledger.unredacted(200.0) == []
            assert hand.store.ledger.unredacted(201.0) == ["a", "b", "a.0"]
            _redact(hand, "b")
            assert hand.store.ledger.unredacted(201.0) == ["a", "a.0"]

    def test_a_redacted_run_keeps_its_state(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.finish(hand.start(new_run("r")), state=RunState.FAILED)
            _redact(hand, "r")
            run = hand.told(hand.store.run("r"))
            assert run is not None
            assert (run.state, run.ended_at, run.reason, run.epoch) == (RunState.FAILED, 200.0, "left", 2)

    def test_what_is_pruned_is_gone_with_all_it_started_and_its_last_hashes_stay(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            question = hand.ask(number, "r")
            hand.answer(question)
            hand.write(number, fact(payload=_LARGE))
            hand.finish(number)
            hand.finish(hand.start(new_run("r.0", parent="r")))
            before = {name: hand.store.ledger.hashes(name)[-1] for name in ("r", "r.0")}
            assert [hand.verdict(each) for each in _prunes(hand)] == [CommitVerdict.OK]
            for name in before:
                assert hand.told(hand.store.run(name)) is None
                assert (hand.told(hand.store.facts(name)), hand.store.ledger.questions(name)) == ([], [])
            assert hand.told(hand.store.question(question)) is None
            told = [(each.pruning.run, each.pruning.head, each.before) for each in hand.store.ledger.prunings()]
            assert told == [(name, head, head) for name, head in before.items()]
            assert [each.state for each in hand.store.ledger.entries()][-2:] == ["pruned", "pruned"]
            assert (hand.store.ledger.orphans(), hand.store.ledger.stray_runs()) == ([], 0)
            assert (hand.store.ledger.lost_blobs(), hand.store.ledger.unknown_prunings()) == ([], [])

    def test_only_families_of_which_all_ended_long_ago_may_be_pruned(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name, state in (("old", RunState.DONE), ("failed", RunState.FAILED), ("late", RunState.DONE)):
                hand.finish(hand.start(new_run(name)), state=state, at=500.0 if name == "late" else 200.0)
            hand.start(new_run("runs"))
            for parent in ("busy", "outlived"):
                hand.finish(hand.start(new_run(parent)))
            hand.start(new_run("busy.0", parent="busy"))
            hand.finish(hand.start(new_run("outlived.0", parent="outlived")), at=500.0)
            hand.start(new_run("mother"))
            hand.finish(hand.start(new_run("mother.0", parent="mother")))
            found = {
                states: [family[0].id for _, family in hand.told(hand.store.prunable(_wanted(*states)))]
                for states in ((RunState.DONE,), (RunState.FAILED,), (RunState.DONE, RunState.FAILED))
            }
            assert list(found.values()) == [["old"], ["failed"], ["old", "failed"]]
            assert hand.told(hand.store.prunable(_wanted(RunState.DONE, tenant="other"))) == []

    def test_a_run_that_somebody_took_up_since_is_not_pruned(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.finish(hand.start(new_run("r")))
            hand.finish(hand.start(new_run("r.0", parent="r")))
            prunes = _prunes(hand)
            hand.take_over("r.0")
            assert [hand.verdict(each) for each in prunes] == [CommitVerdict.STALE]
            assert hand.told(hand.store.run("r")) is not None

    def test_a_large_payload_that_others_refer_to_outlives_a_run_that_is_pruned(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("a", "b"):
                number = hand.start(new_run(name))
                hand.write(number, fact(payload=_LARGE))
                hand.finish(number)
            first, second = _prunes(hand)
            hand.verdict(first)
            assert hand.told(hand.store.facts("b"))[1].payload == _LARGE
            assert hand.store.ledger.lost_blobs() == []
            hand.verdict(second)
            number = hand.start(new_run("c"))
            hand.write(number, fact(payload=_LARGE))
            assert hand.told(hand.store.facts("c"))[1].payload == _LARGE

    def test_the_id_of_a_run_that_was_pruned_may_be_given_again(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            first = hand.start(new_run("r"))
            hand.finish(first)
            [prune] = _prunes(hand)
            hand.verdict(prune)
            pruning = hand.told(hand.store.pruning("r"))
            assert pruning is not None
            assert (pruning.by, pruning.why, pruning.state) == ("ann", "old", "done")
            again = hand.start(new_run("r"))
            assert again > first
            hand.finish(again)
            assert [each.state for each in hand.store.ledger.of("r")] == ["done"]
            assert hand.told(hand.store.verify("r")) == []

    def test_a_run_of_a_pruned_id_has_nothing_of_the_one_before(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            memory = hand.store.memory

            async def put(scope: str, writer: str) -> int:
                """Put something where nothing may be, and return the version; 0 in vain."""
                entry = await memory.put(scope, writer, 1, writer=writer, expect=0)
                return entry.version if entry else 0

            pruned, _ = hand.start(new_run("r")), hand.start(new_run("r:1"))
            hand.finish(pruned)
            places = (("run:r", "r:0"), ("s", "r:0"), ("s", "r:1:0"))
            assert all(hand.told(put(*place)) for place in places)
            [prune] = _prunes(hand)
            assert hand.verdict(prune) is CommitVerdict.OK
            assert hand.told(memory.keys("run:r")) == []
            assert hand.told(memory.keys("s")) == ["r:0", "r:1:0"]
            hand.start(new_run("r"))
            assert hand.told(put("run:r", "r:0")), "what the run remembers for itself begins anew"
            assert not hand.told(put("s", "r:0")), "its put is not the one of the pruned run"
            assert hand.told(put("s", "r:1:0")), "a put of a run whose id begins so counts once still"


def _wanted(*states: RunState, tenant: str | None = None) -> PrunableQuery:
    return PrunableQuery(before=400.0, states=states, tenant=tenant)


def _prunes(hand: Hand) -> list[Prune]:
    """Return what prunes all that may be pruned."""
    return [
        Prune([
            (run.epoch, Pruning(
                run=run.id, facts=run.facts, head=run.head, state=run.state, at=500.0, by="ann", why="old",
                signature=None,
            )) for run in family
        ])
        for _, family in hand.told(hand.store.prunable(_wanted(RunState.DONE)))
    ]  # fmt: skip


def _redact(hand: Hand, run: str, *, epoch: int = 1, left: bytes = b"{}", said: bytes | None = None) -> CommitVerdict:
    """Redact a run; with `said` the fact tells that something else was left than there was."""
    bodies = [(each.seq, left) for each in hand.told(hand.store.facts(run))]
    told = remains_of(run, bodies if said is None else [(seq, said) for seq, _ in bodies])
    done = NewFact(FactKind.REDACTED, "", 300.0, encode({"left": told}))
    return hand.verdict(Redact(run=run, epoch=epoch, left=bodies, reason="left", fact=done))
