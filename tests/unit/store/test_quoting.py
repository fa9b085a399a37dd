"""Payloads that quote earlier ones of their run: whatever is shared comes back as it was, and is stored once."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.model.audit import remains_of
from podium.model.fact import FactKind
from podium.model.facts.runs import Redacted
from podium.model.json import Json
from podium.store.inserting import NewFact
from podium.store.journaling.quoted import Payloads, QuotedPart, parts_of, quotes, written
from podium.store.journaling.quoting import LEARNED, QUOTING_BYTES, Quotable
from podium.store.operations import CommitVerdict, Redact
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import Hand, fact, new_run
from tests.examples import examples

ALPHABET = ["a", "é", '"', "\\", "\n", ",", " ", "\x00", '\\"', "☃", "0"]


class Journal:
    """Payloads as a run stores them, one after the other."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.stored: list[bytes] = []
        self._quotable = Quotable()

    def say(self, value: Json) -> None:
        text = orjson.dumps(value)
        seq = len(self.said)
        self.said.append(text)
        self._quotable = self._quotable.branch()
        quoted = self._quotable.quote(seq, text) if len(text) >= QUOTING_BYTES else None
        self.stored.append(quoted or text)

    def fail(self, value: Json) -> None:
        """Record something in a commit that fails."""
        self._quotable.branch().quote(len(self.said), orjson.dumps(value))

    def forget(self) -> None:
        """Have the run taken up by another process."""
        recent = [(seq, each) for seq, each in enumerate(self.stored) if len(each) >= QUOTING_BYTES or quotes(each)]
        self._quotable = Quotable.learned(recent[::-1][:LEARNED], self.payloads())

    def payloads(self) -> Payloads:
        return Payloads(self.stored.__getitem__)

    def read(self) -> list[bytes | None]:
        payloads = self.payloads()
        return [payloads.whole(seq, stored) for seq, stored in enumerate(self.stored)]

    @property
    def size(self) -> int:
        return sum(map(len, self.stored))


def texts(seed: int) -> list[Json]:
    """Return texts of many lengths, some of which are alike."""
    chance = Random(seed)
    lengths = [0, 1, 7, 31, 255, 256, 300, 1_000, 2_500, 9_000]
    found = ["".join(chance.choices(ALPHABET, k=chance.choice(lengths))) for _ in range(6)]
    return [*found, *(each * 3 for each in found[:2]), [chance.random() for _ in range(400)], None, 1.0, -0.0, {}]


@st.composite
def values(draw: st.DrawFn, of: list[Json]) -> Json:
    """Draw JSON made of these."""
    leaf = st.sampled_from(of)
    made = st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=4), inner), max_leaves=60
    )
    return draw(made)


@given(st.data(), st.integers(0, 1_000))
def test_whatever_a_run_says_comes_back_as_it_was(data: st.DataObject, seed: int) -> None:
    journal, of = Journal(), texts(seed)
    for _ in range(data.draw(st.integers(1, 8))):
        journal.say(data.draw(values(of)))
        match data.draw(st.sampled_from(["", "", "fail", "forget"])):
            case "fail":
                journal.fail(data.draw(values(of)))
            case "forget":
                journal.forget()
            case _:
                pass
    assert journal.read() == journal.said
    alone = [journal.payloads().whole(seq, stored) for seq, stored in enumerate(journal.stored)]
    assert alone == journal.said


Telling = Callable[[list[Json]], Json]
TELLINGS: dict[str, Telling] = {
    "messages": lambda said: {"task": "t", "messages": [{"speaker": "a", "text": each} for each in said], "turn": 1},
    "a list": list,
    "the last twenty": lambda said: said[-20:],
    "the latest first": lambda said: said[::-1],
    "a text": "\n".join,
    "JSON in a text": lambda said: orjson.dumps(said).decode(),
    "system prompt, then messages": lambda said: [{"role": "system", "content": "s" * 5_000}, *said],
    "short messages": lambda said: [{"speaker": "a", "text": each[:60]} for each in said],
    "numbers": lambda said: [list(each[:200].encode()) for each in said],
}


@pytest.mark.parametrize("telling", TELLINGS)
@pytest.mark.parametrize("forgetting", [False, True])
def test_a_conversation_grows_linearly(telling: str, *, forgetting: bool) -> None:
    sizes: dict[int, int] = {}
    for turns in (40, 120):
        journal, said = Journal(), list[Json]()
        for _ in range(turns):
            journal.say(TELLINGS[telling](said))
            said.append(os.urandom(1_000).hex())
            journal.say(said[-1])
            if forgetting:
                journal.forget()
        assert journal.read() == journal.said
        sizes[turns] = journal.size
    assert sizes[120] < 3.6 * sizes[40]


def test_the_number_of_quotes_grows_with_the_logarithm_of_what_was_said() -> None:
    journal, said, most = Journal(), list[Json](), 0
    for _ in range(1_000):
        said.append(os.urandom(150).hex())
        journal.say(said)
        if quotes(journal.stored[-1]):
            most = max(most, len(parts_of(journal.stored[-1])))
    assert most < 80


def test_a_chain_of_quotes_is_short_however_often_a_run_is_taken_up() -> None:
    journal, said = Journal(), list[Json]()
    for _ in range(150):
        said.append(os.urandom(150).hex())
        journal.say(said)
        journal.forget()
    parts = [parts_of(stored) if quotes(stored) else [] for stored in journal.stored]
    assert depth(parts, len(parts) - 1, 0, len(journal.said[-1])) < 12


def depth(parts: list[list[QuotedPart]], seq: int, start: int, end: int) -> int:
    """Return how many quotes follow one another between two places of a payload."""
    deepest = begins = 0
    for part in parts[seq]:
        low, high = max(begins, start), min(part.end, end)
        if part.text is None and low < high:
            offset = part.offset - begins
            deepest = max(deepest, 1 + depth(parts, part.seq, low + offset, high + offset))
        begins = part.end
    return deepest


def test_what_was_not_committed_is_not_quoted() -> None:
    journal, text = Journal(), os.urandom(1_000).hex()
    journal.fail([text])
    journal.say([text])
    assert journal.stored == journal.said


@pytest.mark.parametrize(
    "stored",
    [
        b"\0",
        b"\0broken",
        written([QuotedPart(5, None, 0, 2)]),
        written([QuotedPart(5, None, 1, 0)]),
        written([QuotedPart(5, None, 7, 0)]),
        written([QuotedPart(3, None, 0, 0)]) + b"\xff\xff\xff\xff\0\0\0\0\0\0\0\x09ab",
    ],
)
def test_of_what_quotes_something_that_is_not_there_nothing_is_given(stored: bytes) -> None:
    assert Payloads([b"[1,2]", stored].__getitem__).whole(1, stored) is None


@settings(max_examples=examples(25))
@given(st.data(), st.integers(0, 1_000))
def test_nothing_is_left_of_runs_that_are_redacted_whatever_they_quoted(data: st.DataObject, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, names = Path(folder) / "s.db", ["r0", "r1", "r2"]
        hand = Hand(SqliteStore(str(path)))
        said = {name: _converse(hand, name, Random(seed + at)) for at, name in enumerate(names)}
        gone = data.draw(st.sets(st.sampled_from(names)))
        for name in gone:
            assert _redact(hand, name) is CommitVerdict.OK
        hand.store.upkeep.compact()  # what was moved away from a place of the file may have left its bytes there
        found = b"".join(each.read_bytes() for each in path.parent.iterdir())
        for name in names:
            facts = hand.told(hand.store.facts(name))
            assert (f"secret-{name}".encode() in found) is (name not in gone)
            assert hand.told(hand.store.verify(name)) == []
            assert [each.payload for each in facts[1:9] if name not in gone] == said[name] * (name not in gone)
        hand.close()


def _converse(hand: Hand, name: str, chance: Random) -> list[bytes]:
    """Have a run say things, more and more of them, some of them large; returns what it recorded, and ends it."""
    number, heard, said = hand.start(new_run(name)), list[str](), list[bytes]()
    for _ in range(8):
        heard.append(" ".join([f"secret-{name} {chance.random()}"] * chance.choice([1, 20, 60, 2_000])))
        said.append(orjson.dumps(heard))
        hand.write(number, fact(payload=said[-1]))
    hand.write(number, fact(FactKind.ENDED))
    hand.finish(number)
    return said


def _redact(hand: Hand, name: str) -> CommitVerdict:
    left = [(each.seq, b"{}") for each in hand.told(hand.store.facts(name))]
    redacted = Redacted(by="ann", why="asked for", left=remains_of(name, left), signature=None)
    saying = NewFact.saying(redacted, "", 300.0)
    return hand.verdict(Redact(run=name, epoch=1, left=left, reason="", fact=saying))
