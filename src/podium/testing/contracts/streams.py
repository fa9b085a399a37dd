"""What a store must do with the transient events of runs."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from podium.model.audit import Pruning
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.model.streams.book import KeptEvent, KeptEvents, StreamQuery, StreamSlice
from podium.store.inserting import NewFact
from podium.store.keeping import KeepEvents
from podium.store.operations import CommitVerdict, Prune, Redact, Write
from podium.store.protocol import PrunableQuery
from podium.testing.contracts.hand import Hand, fact, new_run
from podium.testing.contracts.opened import OpenedStore

_PATIENCE = 60.0
"""Real seconds for which news is waited for that another thread brings."""


class StreamsContract(OpenedStore):
    """Watches last as long as they say; events are kept in order, by the owner of the run alone, and for a while."""

    def test_a_run_is_watched_until_the_last_of_its_readers_does_not_any_more(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            watch(hand, "r", "w_1/1", until=110.0)
            watch(hand, "r", "w_2/1", until=120.0)
            watch(hand, "s", "w_1/2", until=130.0)
            assert hand.told(hand.store.streams.watched(100.0, own="none/")) == {"r": 120.0, "s": 130.0}
            assert hand.told(hand.store.streams.watched(100.0, own="w_1/")) == {"r": 120.0}
            assert hand.told(hand.store.streams.watched(120.0, own="none/")) == {"s": 130.0}

    def test_a_reader_that_watches_again_watches_longer(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            watch(hand, "r", "w_1/1", until=110.0)
            watch(hand, "r", "w_1/1", until=140.0)
            assert hand.told(hand.store.streams.watched(130.0, own="none/")) == {"r": 140.0}

    def test_events_come_back_in_order_after_a_number_with_the_one_before(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r"))
            assert kept(hand, "r") is None
            hand.commit(keeping("r", 11, 12))
            hand.commit(keeping("r", 15))
            assert kept(hand, "r") == KeptEvents(1, 15, [event(11), event(12), event(15)], None)
            assert kept(hand, "r", after=12) == KeptEvents(1, 15, [event(15)], event(12))
            assert kept(hand, "r", after=13) == KeptEvents(1, 15, [event(15)], event(12))
            assert kept(hand, "r", after=99) == KeptEvents(1, 15, [], event(15))

    def test_what_is_kept_twice_of_a_run_with_one_commit_is_kept_as_the_last_one_says(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r"))
            hand.start(new_run("s"))
            hand.commit(keeping("r", 11, 12), keeping("s", 11), keeping("r", 12, 13, trim=11), keeping("r", last=15))
            assert kept(hand, "r") == KeptEvents(1, 15, [event(12), event(13)], None)
            assert kept(hand, "s") == KeptEvents(1, 11, [event(11)], None)

    def test_what_comes_next_of_runs_is_what_each_question_gives_by_itself(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("r", "s", "t"):
                number = hand.start(new_run(name))
                hand.commit(Write(number, 1, [fact(at=float(at)) for at in range(4)], [], None))
            hand.commit(keeping("r", 11, 12, 13), keeping("s", last=40))
            wanted = [
                StreamQuery(run=run, facts=facts, limit=limit, after=after)
                for run in ("r", "s", "t", "nobody", "r")
                for facts, limit, after in ((0, 2, 0), (2, 20, 12), (9, 1, None), (5, 1, 99))
            ]  # fmt: skip
            found = hand.told(_next(hand, wanted))
            assert [replace(each, facts=list(each.facts)) for each in found] == [
                hand.told(_by_itself(hand, query)) for query in wanted
            ]
            assert [len(each.facts) for each in found[:4]] == [2, 3, 0, 0]
            assert found[1].kept == KeptEvents(1, 13, [event(13)], event(12))

    def test_how_far_an_owner_has_come_is_known_where_nothing_is_kept(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r"))
            hand.commit(keeping("r", last=40))
            assert kept(hand, "r") == KeptEvents(1, 40, [], None)

    def test_who_hears_is_told_of_what_is_kept_of_the_run_that_it_reads(self, tmp_path: Path) -> None:
        told = {name: threading.Event() for name in ("r", "s")}
        with ExitStack() as stack:
            reads, hand = (stack.enter_context(self.hand(tmp_path, worker)) for worker in ("w_2", "w_1"))
            streams = reads.store.streams
            here = {name: stack.enter_context(streams.hear(name, each.set)) for name, each in told.items()}
            if not streams.tells:
                assert not any(is_told() for is_told in here.values())
                return
            while not all(is_told() for is_told in here.values()):
                told["r"].wait(0.01)
            for each in told.values():
                each.clear()  # whoever begins to hear is told to look once
            hand.start(new_run("r"))
            hand.commit(keeping("r", 11))
            assert told["r"].wait(_PATIENCE)
            assert not told["s"].is_set()
            assert kept(reads, "r") == KeptEvents(1, 11, [event(11)], None)
            with streams.hear("r", told["s"].set):
                hand.commit(keeping("r", last=12))
                assert told["s"].wait(_PATIENCE)

    def test_the_oldest_are_deleted_up_to_a_number(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.start(new_run("r"))
            hand.start(new_run("s"))
            hand.commit(keeping("r", 11, 12, 13), keeping("s", 11))
            hand.commit(keeping("r", 14, trim=12))
            assert kept(hand, "r") == KeptEvents(1, 14, [event(13), event(14)], None)
            assert kept(hand, "s") == KeptEvents(1, 11, [event(11)], None)

    def test_an_owner_that_lost_its_run_keeps_nothing_more(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            number = hand.start(new_run("r"))
            hand.park(number)
            assert hand.verdict(keeping("r", 11)) is CommitVerdict.OK  # it has just left memory
            hand.signal("r")
            hand.claim(number)
            assert hand.verdict(keeping("r", 12)) is CommitVerdict.STALE
            assert hand.verdict(keeping("r", 21, epoch=2)) is CommitVerdict.OK
            assert hand.verdict(keeping("nobody", 1)) is CommitVerdict.STALE
            assert kept(hand, "r") == KeptEvents(2, 21, [event(11), event(21, epoch=2)], None)

    def test_what_is_too_old_is_deleted(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name, until in (("r", 110.0), ("s", 130.0)):
                hand.start(new_run(name))
                hand.commit(keeping(name, 11, until=until))
            watch(hand, "r", "w_1/1", until=115.0)
            watch(hand, "t", "w_1/2", until=200.0)
            hand.told(hand.store.streams.expire(109.0))
            assert kept(hand, "r") is not None
            hand.told(hand.store.streams.expire(120.0))
            assert kept(hand, "r") is None
            assert kept(hand, "s") is not None
            assert hand.told(hand.store.streams.watched(0.0, own="none/")) == {"t": 200.0}

    def test_a_redaction_deletes_them(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("r", "s"):
                hand.finish(hand.start(new_run(name)))
                hand.commit(keeping(name, 11))
            said = NewFact(FactKind.REDACTED, "", 300.0, b'{"by":"ann","why":"","left":""}')
            done = hand.verdict(Redact(run="r", epoch=1, left=[(0, b"{}"), (1, b"{}")], reason="", fact=said))
            assert done is CommitVerdict.OK
            assert kept(hand, "r") is None
            assert kept(hand, "s") is not None

    def test_pruning_deletes_them(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for name in ("r", "s"):
                hand.finish(hand.start(new_run(name)))
                hand.commit(keeping(name, 11))
            wanted = PrunableQuery(before=400.0, states=[RunState.DONE])
            [run] = next(family for _, family in hand.told(hand.store.prunable(wanted)) if family[0].id == "r")
            pruning = Pruning(
                run="r", facts=run.facts, head=run.head, state=run.state, at=300.0, by="ann", why="", signature=None
            )
            assert hand.verdict(Prune([(run.epoch, pruning)])) is CommitVerdict.OK
            assert kept(hand, "r") is None
            assert kept(hand, "s") is not None


def watch(hand: Hand, run: str, reader: str, *, until: float) -> None:
    """Have a reader watch a run."""
    hand.told(hand.store.streams.watch(run, reader, until))


def kept(hand: Hand, run: str, *, after: int = 0) -> KeptEvents | None:
    """Return what is kept of a run."""
    return hand.told(hand.store.streams.kept(run, after))


def event(number: int, *, epoch: int = 1) -> KeptEvent:
    """Return an event."""
    return KeptEvent(number, epoch, b'{"n":%d}' % number)


def keeping(
    run: str, *numbers: int, epoch: int = 1, trim: int = 0, until: float = 1_000.0, last: int = 0
) -> KeepEvents:
    """Return what keeps events."""
    events = [event(number, epoch=epoch) for number in numbers]
    last = max(numbers, default=last)
    return KeepEvents(run=run, epoch=epoch, events=events, last=last, trim=trim, until=until)


async def _next(hand: Hand, wanted: Sequence[StreamQuery]) -> Sequence[StreamSlice]:
    return await asyncio.gather(*(hand.store.streams.next(each) for each in wanted))


async def _by_itself(hand: Hand, wanted: StreamQuery) -> StreamSlice:
    run, store = wanted.run, hand.store
    return StreamSlice(
        facts=await store.facts(run, after=wanted.facts - 1, limit=wanted.limit), run=await store.run(run),
        kept=None if wanted.after is None else await store.streams.kept(run, wanted.after),
    )  # fmt: skip
