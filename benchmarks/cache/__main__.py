"""Wrong and right hits of a cache by meaning, at each mark: `python -m benchmarks.cache`.

The questions of a half are asked one after the other, in an order of chance that is always the same. Each is compared
with those before it: a hit is right where the nearest one is of the same kind. The mark is chosen on one half: the
lowest at which at most one hit in twenty is wrong. The figures that count are those of the other half, which has no
part in the choice, and those of half of the pairs: the other half was looked at when numbers were made to count.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from podium.agents.embedders import wordllama_embedder
from podium.model.cache import CacheByMeaning
from podium.model.embedding import Embedder, vectors_of
from podium.testing import HashedEmbedder

HERE = Path(__file__).parent
MARKS = [mark / 100 for mark in range(50, 100)]
SHOWN = 5
MOST_WRONG = 0.05


class Question(NamedTuple):
    """What is asked, and what has to be the same for an answer to be given again."""

    text: str
    same: str


class Looked(NamedTuple):
    """What came of looking for one question."""

    similarity: float
    """To the nearest that may be given."""
    right: bool
    findable: bool
    """Whether there was a right one."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a mark comes to."""

    mark: float
    hits: int
    wrong: int
    findable: int

    @property
    def wrong_share(self) -> float:
        """Of the hits, how many were wrong."""
        return self.wrong / self.hits if self.hits else 0.0

    @property
    def found_share(self) -> float:
        """Of the questions that had a right answer, how many were given it."""
        return (self.hits - self.wrong) / self.findable if self.findable else 0.0


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def banking(half: int) -> list[Question]:
    questions = [Question(row["text"], row["intent"]) for row in rows("banking.jsonl")[half::2]]
    random.Random(7).shuffle(questions)
    return questions


def rest_of(question: Question, near: CacheByMeaning) -> str:
    """What has to be equal beside the meaning."""
    parts = near.parts(question.text)
    return json.dumps(parts and parts[1])


async def looked_up(questions: Sequence[Question], near: CacheByMeaning) -> list[Looked]:
    """Look for each question among those before it."""
    vectors, _ = await vectors_of(near.embed, [question.text for question in questions])
    numbers = np.array([vector.floats for vector in vectors], np.float32)
    kinds = dict[str, int]()
    rest = np.array([kinds.setdefault(rest_of(question, near), len(kinds)) for question in questions])
    found: list[Looked] = []
    seen: set[str] = set()
    for place, question in enumerate(questions):
        scores = np.where(rest[:place] == rest[place], numbers[:place] @ numbers[place], -1.0)
        best = int(scores.argmax()) if place else 0
        right = place > 0 and questions[best].same == question.same
        found.append(Looked(float(scores[best]) if place else -1.0, right=right, findable=question.same in seen))
        seen.add(question.same)
    return found


async def pairs(near: CacheByMeaning) -> list[Looked]:
    """Look for the second of each pair of a half where only the first was asked."""
    found: list[Looked] = []
    for pair in rows("pairs.jsonl")[1::2]:
        asked = [Question(pair["a"], "a"), Question(pair["b"], "a" if pair["same"] else "b")]
        found.append((await looked_up(asked, near))[1])
    return found


def figures(found: Sequence[Looked]) -> Iterator[Figures]:
    findable = sum(each.findable for each in found)
    for mark in MARKS:
        hits = [each for each in found if each.similarity >= mark]
        yield Figures(mark, len(hits), sum(not each.right for each in hits), findable)


def chosen(found: Sequence[Looked]) -> float:
    """The lowest mark at which at most one hit in twenty is wrong."""
    return next(each.mark for each in figures(found) if each.wrong_share <= MOST_WRONG)


def show(what: str, found: Sequence[Looked], mark: float) -> None:
    print(f"\n{what + ', from':44} hits  wrong  of hits  right found")
    for each in figures(found):
        if round(each.mark * 100) % SHOWN and each.mark != mark:
            continue
        at = f"{each.mark:.2f}{' (chosen)' if each.mark == mark else ''}"
        print(f"{at:44} {each.hits:4} {each.wrong:6} {each.wrong_share:8.1%} {each.found_share:12.1%}")


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=__doc__)
    parser.add_argument("--hashed", action="store_true", help="the embedder for tests, which knows no meaning")
    given = parser.parse_args()
    embedder: Embedder = HashedEmbedder() if given.hashed else wordllama_embedder()
    near = CacheByMeaning(embed=embedder)
    print(f"embedder: {embedder.name}; the default mark is {near.above}")
    choosing, scored = [await looked_up(banking(half), near) for half in (0, 1)]
    mark = chosen(choosing)
    show("1,540 questions of a bank, to choose on", choosing, mark)
    show("1,540 other questions of a bank", scored, mark)
    show("104 pairs made to be hard", await pairs(near), mark)


if __name__ == "__main__":
    asyncio.run(main())
