"""The books of a server that is paid by the token against those of Podium: over answers spoilt at random, and kills."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Lock

import pytest

from podium.app import run_sync
from podium.model.budget import PER_USD, BudgetState
from podium.model.cost import Cost
from podium.model.fact import FactKind
from podium.model.facts.calls import StepDone
from podium.model.json import Json, decode
from podium.store.protocol import BudgetQuery, CostQuery, RunQuery
from podium.store.sqlite.store import SqliteStore
from tests.e2e.models.answers import EVENTS, answer, error, events, head
from tests.e2e.models.rude import End, Piece, rude
from tests.faults.children import program
from tests.faults.programs.bookkeeping import MODEL, PATIENCE, PRICE

WAYS: Mapping[str, float] = {
    "well": 10.0, "cached": 2.0, "usage missing": 1.0, "usage zero": 1.0, "usage negative": 1.0, "usage absurd": 0.5,
    "cut": 1.0, "cut in order": 1.0, "torn before the answer": 0.5, "silent": 0.05, "nonsense": 0.5,
    "status 400": 0.3, "status 500": 1.0, "status 503": 0.5, "busy": 0.5,
    "status 401": 0.3, "status 404": 0.3, "status 429": 1.0,
}  # fmt: skip
"""How a request may be answered, and how often."""
TURNED_AWAY = ("status 401", "status 404", "status 429")
"""What is not paid; all else is, as soon as the request was read."""


@dataclass(slots=True)
class Books:
    """What a server charges, request by request."""

    chance: Random
    charged: list[float] = field(default_factory=list[float])
    """In US dollars, 0 for what was turned away."""
    asked: dict[str, int] = field(default_factory=dict[str, int])
    lock: Lock = field(default_factory=Lock)

    def __call__(self, asked: Json) -> Sequence[Piece]:
        """Charge a request, and answer it in one way or other; an answer names the request."""
        with self.lock:
            [way] = self.chance.choices([*WAYS], [*WAYS.values()])
            self.asked[way] = self.asked.get(way, 0) + 1
            given = max(2, len(json.dumps(asked["messages"])) // 4)
            said = self.chance.randint(1, 60)
            share = self.chance.random()
            cached = self.chance.randint(1, given - 1) if way == "cached" else 0
            plain = (given - cached) * PRICE.input + cached * (PRICE.cached or 0.0)
            number = len(self.charged)
            self.charged.append(0.0 if way in TURNED_AWAY else (plain + said * PRICE.output) / 1e6)
        details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
        usage = {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said, **details}
        return _answered(way, asked, f"This is answer {number}.", usage, share)


def _answered(way: str, asked: Json, text: str, usage: Json, share: float) -> Sequence[Piece]:
    kind, told = EVENTS if asked.get("stream") else "application/json", _told(way, usage)
    body = _body(asked, text, told)
    match way.split():
        case ["status", status]:
            return error(int(status))(asked)
        case ["busy"]:
            return error(503, retry_after="0.01")(asked)
        case ["torn", *_]:
            return [End(torn=True)]
        case ["silent"]:
            return [2 * PATIENCE]
        case ["nonsense"]:
            return [answer("<p>It works!</p>", kind="text/html")]
        case ["cut", "in", "order"] if kind is EVENTS:
            whole = body.split("\n\n")
            return [answer("\n\n".join([*whole[: 1 + int(share * (len(whole) - 3))], ""]), kind=EVENTS)]
        case ["cut", *_]:
            start = head(200, {"content-type": kind, "content-length": str(len(body))})
            return [start, body[: int(share * len(body))].encode(), End(torn=way == "cut")]
        case _:
            return [answer(body, kind=kind)]


def _told(way: str, usage: Json) -> Json:
    match way:
        case "usage missing":
            return None
        case "usage zero":
            return dict.fromkeys(usage, 0)
        case "usage negative":
            return {name: -tokens for name, tokens in usage.items()}
        case "usage absurd":
            return dict.fromkeys(usage, 10**17)
        case _:
            return usage


def _body(asked: Json, text: str, usage: Json) -> str:
    about: Json = {"id": "x", "created": 1, "model": asked["model"]}
    if not asked.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return json.dumps({**about, "object": "chat.completion", "choices": [choice], "usage": usage})
    told: list[Json] = [
        {**about, "choices": [{"index": 0, "delta": {"content": each}, "finish_reason": None}]}
        for each in (text[:8], text[8:])
    ]
    told.append({**about, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    told += [] if usage is None else [{**about, "choices": [], "usage": usage}]
    return events([{"object": "chat.completion.chunk", **each} for each in told])


@dataclass(frozen=True, slots=True)
class Ours:
    """What Podium has booked."""

    told: Mapping[int, float]
    """What each recorded answer says that it came to, by the number of the request."""
    costs: Sequence[Cost]
    budget: BudgetState


def ours(path: Path) -> Ours:
    """Read the store."""
    store = SqliteStore(str(path))
    told: dict[int, float] = {}
    try:
        for run in run_sync(store.runs(RunQuery(limit=100_000))).items:
            for fact in run_sync(store.facts(run.id)):
                said = fact.content if fact.kind is FactKind.STEP else None
                if isinstance(said, StepDone) and said.usage is not None and not said.usage.in_doubt:
                    number = _number(decode(fact.payload or b"null"))
                    assert number not in told, f"answer {number} is recorded twice"
                    told[number] = said.usage.usd or 0.0
        costs = run_sync(store.costs(CostQuery(by="agent"))).items
        [budget] = run_sync(store.budgets(BudgetQuery(prefix="tenant:acme"))).items
    finally:
        store.close()
    return Ours(told, costs, budget)


def _number(value: Json) -> int:
    text: str = value["choices"][0]["message"]["content"] if "choices" in value else value["parts"][-1]["content"]
    return int(text.rsplit(maxsplit=1)[-1].rstrip("."))


def agree(books: Books, found: Ours, ceiling: float) -> None:
    """Hold both books against each other."""
    for number, usd in found.told.items():
        assert usd == pytest.approx(books.charged[number], abs=1e-9), f"request {number} was charged otherwise"
    costs, doubt = sum(each.usd for each in found.costs), sum(each.in_doubt for each in found.costs)
    spent, true = found.budget.spent.usd / PER_USD, sum(books.charged)
    assert costs == pytest.approx(sum(found.told.values()), abs=1e-6)
    assert costs + doubt == pytest.approx(spent, abs=1e-4)
    assert doubt == pytest.approx(found.budget.in_doubt / PER_USD, abs=1e-4)
    assert costs <= true + 1e-6
    assert true - costs <= doubt + 1e-6, f"{true - costs} of the server's are nowhere: {doubt} are in doubt"
    assert true <= spent + 1e-6 <= ceiling + 2e-6
    assert not found.budget.reserved
    print(f"{len(books.charged)} requests: charged {true:.2f}, told {costs:.2f}, in doubt {doubt:.2f} of {ceiling:.2f}")


def kept(folder: Path, *, runs: int, calls: int, ceiling: float, lives: int, by: str = "pydantic_ai") -> Books:
    """Have two processes at a time ask the server, of which some are killed, until all is done; then compare."""
    seed = int(os.environ.get("PODIUM_BOOKS_SEED") or secrets.randbits(32))
    print(f"PODIUM_BOOKS_SEED={seed}")
    chance, asking = Random(seed), program("bookkeeping.py")
    books = Books(Random(seed + 1))
    with rude({MODEL: books}, books) as server, ThreadPoolExecutor(2) as processes:

        def live(who: str, dies_after: float | None) -> bool:
            return asking.run(str(folder), server.url, ceiling, who, runs, calls, dies_after, by)

        for _ in range(lives):
            list(processes.map(live, ("a", "b"), (chance.uniform(0.2, 2.0), chance.uniform(0.2, 2.0))))
        assert all(processes.map(live, ("a", "b"), (None, None)))
        agree(books, ours(folder / "podium.db"), ceiling)
    return books


@pytest.mark.parametrize(("lives", "ceiling"), [(0, 10_000.0), (2, 10_000.0), (1, 30.0)])
def test_the_books_of_a_server_and_of_podium_agree(tmp_path: Path, lives: int, ceiling: float) -> None:
    books = kept(tmp_path, runs=2, calls=8, ceiling=ceiling, lives=lives)
    assert len(books.charged) > 10


@pytest.mark.kill
@pytest.mark.parametrize(("lives", "ceiling"), [(0, 10_000.0), (2, 10_000.0), (1, 30.0)])
@pytest.mark.parametrize("by", ["langchain", "openai_agents"])
def test_the_books_agree_whichever_framework_asks(tmp_path: Path, by: str, lives: int, ceiling: float) -> None:
    books = kept(tmp_path, runs=3, calls=20, ceiling=ceiling, lives=lives, by=by)
    assert len(books.charged) > 20


@pytest.mark.kill
def test_the_books_agree_over_ten_thousand_requests(tmp_path: Path) -> None:
    books = kept(tmp_path, runs=16, calls=80, ceiling=1_000_000.0, lives=10)
    assert len(books.charged) >= 10_000
    assert len(books.asked) == len(WAYS)


@pytest.mark.kill
def test_the_books_agree_where_there_is_little_left(tmp_path: Path) -> None:
    kept(tmp_path, runs=10, calls=20, ceiling=150.0, lives=5)
