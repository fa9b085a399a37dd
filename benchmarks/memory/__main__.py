"""What is found, and how long a search takes: `python -m benchmarks.memory`.

With the small model of `podium[embeddings]`, or with the embedder for tests (`--hashed`), which knows no meaning. The
sets are beside this file. How words and meaning are merged was chosen on the first ones that are printed; the figures
that count are those of the last one, which had no part in that. The entries of the store in which the time is measured
(`--entries`, 100,000 unless said) are made of the words of the sets by chance, always the same.
"""

import argparse
import asyncio
import itertools
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import NotRequired, TypedDict

import numpy as np

from podium.agents.embedders import wordllama_embedder
from podium.agents.memory import Search, SearchBy
from podium.agents.memory.asked import MemoryRequest
from podium.agents.memory.requests import Hits
from podium.model.embedding import Embedder, Vector, vectors_of
from podium.model.memory import MemoryStore, text_of_entry
from podium.store.sqlite.store import SqliteStore
from podium.testing import HashedEmbedder, PlainSteps

HERE = Path(__file__).parent
WAYS: Sequence[SearchBy] = ("words", "meaning", "both")
SCOPE = "tenant:desk"
SEARCHES = 300
WORDS_OF_AN_ENTRY = 20


class Note(TypedDict):
    """An entry, and the questions that it answers; one of XQuAD says of which paragraph it is."""

    key: str
    text: str
    questions: list[str]
    paragraph: NotRequired[int]


def rows(name: str) -> list[Note]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def sets() -> dict[str, list[Note]]:
    """Each set that is a memory of its own: the last one is not to be chosen on."""
    sentences = rows("xquad.jsonl")
    return {
        "ours, to choose on": [*rows("notes.jsonl"), *rows("tickets.jsonl")],
        "XQuAD, to choose on": [note for note in sentences if note.get("paragraph", 0) % 2],
        "XQuAD, the other half": [note for note in sentences if not note.get("paragraph", 0) % 2],
    }


@dataclass(frozen=True, slots=True)
class Quality:
    """How well searches found the one entry that answers: shares of the questions, and the mean of 1 / its place."""

    first: float
    in_three: float
    in_ten: float
    mrr: float


class Memory:
    """A memory with an embedder, asked without an engine."""

    def __init__(self, store: MemoryStore, embedder: Embedder) -> None:
        self.store, self.embedder = store, embedder

    async def fill(self, entries: Sequence[tuple[str, str]]) -> None:
        vectors, _ = await vectors_of(self.embedder, [text_of_entry(*each) for each in entries])
        for (key, text), vector in zip(entries, vectors, strict=True):
            await self.store.put(SCOPE, key, text, writer="fill", vector=vector)

    async def find(self, question: str, by: SearchBy, limit: int = 10) -> list[str]:
        steps = PlainSteps()
        steps.memory = self.store  # type: ignore[assignment]
        reply = await MemoryRequest(SCOPE, steps, self.embedder).reply(Search(question, limit, by))
        assert isinstance(reply, Hits)
        return [hit.key for hit in reply.hits]


async def quality(folder: Path, embedder: Embedder, notes: Sequence[Note]) -> dict[SearchBy, Quality]:
    store = SqliteStore(str(folder / f"{notes[0]['key']}.db"))
    memory = Memory(store.memory, embedder)
    await memory.fill([(note["key"], note["text"]) for note in notes])
    asked = [(question, note["key"]) for note in notes for question in note["questions"]]
    found: dict[SearchBy, Quality] = {}
    for by in WAYS:
        places = [place_of(key, await memory.find(question, by)) for question, key in asked]
        found[by] = Quality(
            first=mean(place == 1 for place in places),
            in_three=mean(0 < place <= 3 for place in places),
            in_ten=mean(place > 0 for place in places),
            mrr=mean(1 / place if place else 0.0 for place in places),
        )
    store.close()
    return found


def place_of(key: str, found: Sequence[str]) -> int:
    """The place of a key, from 1; 0 where it was not found."""
    return found.index(key) + 1 if key in found else 0


Took = tuple[float, float]
"""Milliseconds that passed, and those of the processor."""


def made_up(chance: random.Random, words: Sequence[str]) -> Iterator[str]:
    while True:
        yield " ".join(chance.choices(words, k=WORDS_OF_AN_ENTRY))


async def speed(folder: Path, embedder: Embedder, entries: int) -> dict[str, list[Took]]:
    """Milliseconds of each search, by its way, and of each put, in a scope with so many entries."""
    store = SqliteStore(str(folder / "speed.db"))
    memory = Memory(store.memory, embedder)
    chance = random.Random(7)
    notes = rows("notes.jsonl")
    words = " ".join(note["text"] for note in notes).split()
    texts = made_up(chance, words)
    await copied_in(memory, list(itertools.islice(texts, entries)))
    questions = [question for note in notes for question in note["questions"]]
    plain, took = Plain(entries, embedder.dimensions), dict[str, list[Took]]()
    for by in WAYS:
        await memory.find("to read the vectors once", by)
        took[by] = [await timed(memory.find(chance.choice(questions), by)) for _ in range(SEARCHES)]
        took[f"a product of NumPy, after {by}"] = [await timed(plain.ten_nearest()) for _ in range(SEARCHES)]
    took["put"] = [await timed(memory.fill([(f"new {n}", next(texts))])) for n in range(SEARCHES)]
    store.close()
    return took


class Plain:
    """What NumPy alone takes to compare as many vectors with one, and to take the ten nearest: a yardstick."""

    def __init__(self, entries: int, dimensions: int) -> None:
        self._vectors = np.random.default_rng(7).standard_normal((entries, dimensions)).astype(np.float32)

    async def ten_nearest(self) -> None:
        np.argpartition(-(self._vectors @ self._vectors[0]), 9)[:10]


async def copied_in(memory: Memory, texts: Sequence[str]) -> None:
    """Fill a memory in few transactions: what is measured is not this."""
    store = memory.store
    connection = vars(store)["_connection"]
    vectors, _ = await vectors_of(memory.embedder, texts)
    await store.put(SCOPE, "first", "first", writer="fill", vector=vectors[0])
    connection.execute("BEGIN")
    write(connection, texts, vectors)
    connection.execute("COMMIT")


def write(connection: sqlite3.Connection, texts: Sequence[str], vectors: Sequence[Vector]) -> None:
    from podium.store.sqlite.statements import SqliteStatements
    from podium.store.sqlite.words import FullTextWords
    from podium.store.tables.memory_writes import MemoryWrite

    statements, words = SqliteStatements(connection), FullTextWords()

    for number, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
        put = MemoryWrite(writer="fill", scope=SCOPE, key=f"entry {number}", now=0.0, vector=vector)
        put.put(statements, words, text, expect=None, until=None)


async def timed(work: Awaitable[object]) -> Took:
    began, at_work = time.perf_counter(), time.process_time()
    await work
    return (time.perf_counter() - began) * 1_000, (time.process_time() - at_work) * 1_000


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--hashed", action="store_true", help="the embedder for tests, which knows no meaning")
    given = parser.parse_args()
    embedder = HashedEmbedder() if given.hashed else wordllama_embedder()
    print(f"embedder: {embedder.name}, {embedder.dimensions} dimensions")
    with tempfile.TemporaryDirectory() as folder:
        for name, notes in sets().items():
            asked = sum(len(note["questions"]) for note in notes)
            print(f"\n{name}: {asked} questions, {len(notes)} entries\n{'':28}    hit@1  hit@3 hit@10    MRR")
            for by, found in (await quality(Path(folder), embedder, notes)).items():
                print(f"{by:28} {found.first:8.3f} {found.in_three:6.3f} {found.in_ten:6.3f} {found.mrr:6.3f}")
        if given.entries:
            print(f"\n{given.entries:,} entries, ms               median    p95   processor: median    p95")
            for what, each in (await speed(Path(folder), embedder, given.entries)).items():
                passed, worked = (sorted(times) for times in zip(*each, strict=True))
                high = int(len(each) * 0.95)
                print(f"{what:32} {median(passed):8.1f} {passed[high]:6.1f} {median(worked):19.1f} {worked[high]:6.1f}")


if __name__ == "__main__":
    asyncio.run(main())
