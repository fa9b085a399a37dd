"""A memory with an embedder: what it asks of it, and how words and meaning are merged."""

import asyncio
from typing import Any

import pytest

from podium.agents.embedders import function_embedder
from podium.agents.memory import (
    Append,
    Appended,
    Conflict,
    Get,
    Hits,
    MemoryAgent,
    MemoryReply,
    Put,
    Reembed,
    Reembedded,
    Remembered,
    Request,
    Search,
    SearchBy,
    memory,
)
from podium.errors import BadAnswer, InvalidValue, OtherEmbedder, UsageError
from podium.model.embedding import Embedder, Embeddings
from podium.model.memory import MemoryAppend
from podium.model.prices import Rates
from podium.testing import HashedEmbedder, PlainMemory, PlainSteps
from tests.unit.agents.calls import answer


def _ask(agent: MemoryAgent, request: Request, steps: PlainSteps) -> MemoryReply:
    return agent.output.load(answer(agent, agent.input.dump(request), steps))


def _steps(store: PlainMemory, key: str = "k1") -> PlainSteps:
    steps = PlainSteps(idempotency_key=key)
    steps.memory = store
    return steps


def _filled(agent: MemoryAgent, *texts: str) -> PlainMemory:
    store = PlainMemory()
    for number, text in enumerate(texts):
        _ask(agent, Put(f"{number}", text), _steps(store))
    return store


def _keys(found: MemoryReply) -> list[str]:
    assert isinstance(found, Hits)
    return [hit.key for hit in found.hits]


@pytest.mark.parametrize(
    ("by", "found"),
    [("words", ["1"]), ("meaning", ["0", "1", "2"]), ("both", ["1", "0", "2"]), (None, ["1", "0", "2"])],
)
def test_entries_are_found_by_what_is_asked_for(by: SearchBy | None, found: list[str]) -> None:
    agent = memory(embed=HashedEmbedder())
    store = _filled(agent, "refunding refunded refunds", "a refund of something quite different", "weather")
    assert _keys(_ask(agent, Search("refund", by=by), _steps(store))) == found


def test_without_an_embedder_entries_are_found_by_words() -> None:
    agent = memory()
    store = _filled(agent, "refunded", "refund")
    assert _keys(_ask(agent, Search("refund"), _steps(store))) == ["1"]


@pytest.mark.parametrize("request_", [Search("x", by="meaning"), Search("x", by="both"), Reembed()])
def test_a_memory_without_an_embedder_refuses_what_needs_one_before_it_is_asked(request_: Request) -> None:
    with pytest.raises(InvalidValue, match=r"notes has no embedder, so it finds by words alone: say memory\(…, embed="):
        memory(name="notes").input.dump(request_)


def test_what_is_no_embedder_is_refused() -> None:
    embed: Any = "text-embedding-3-small"
    with pytest.raises(UsageError, match=r"embed of memory is 'text-embedding-3-small'; expected an embedder, such as"):
        memory(embed=embed)


def test_an_embedding_is_a_step_that_is_not_made_again() -> None:
    embedder, store = HashedEmbedder(), PlainMemory()
    agent = memory(embed=embedder)
    steps = _steps(store)
    _ask(agent, Put("a", {"text": "red fox"}), steps)
    assert embedder.asked == ["a text red fox"]
    again = PlainSteps(idempotency_key="k1", recorded=steps.recorded)
    again.memory = store
    assert _ask(agent, Put("a", {"text": "red fox"}), again) == Remembered("a", {"text": "red fox"}, 1)
    assert embedder.asked == ["a text red fox"]


class Broken(HashedEmbedder):
    async def embed(self, texts: object) -> Embeddings:
        raise ConnectionError("gone")


@pytest.mark.parametrize("request_", [Put("a", "new"), Append("a", "new", to="text")])
def test_where_embedding_fails_nothing_is_changed(request_: Request) -> None:
    store = _filled(memory(embed=HashedEmbedder()), "old")
    before = asyncio.run(store.get("tenant:acme", "0"))
    with pytest.raises(ConnectionError):
        _ask(memory(embed=Broken()), request_, _steps(store, "k2"))
    assert asyncio.run(store.keys("tenant:acme")) == ["0"]
    assert asyncio.run(store.get("tenant:acme", "0")) == before


class Odd(HashedEmbedder):
    def __init__(self, given: Embeddings) -> None:
        super().__init__(2)
        self.given = given

    async def embed(self, texts: object) -> Embeddings:
        return self.given


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Embeddings([]), "gave 0 vectors for 1 texts"),
        (Embeddings([[1.0, 0.0], [1.0, 0.0]]), "gave 2 vectors for 1 texts"),
        (Embeddings([[1.0, 0.0, 0.0]]), "gave a vector of 3 numbers; expected 2, as it says"),
        (Embeddings([[float("nan"), 0.0]]), "gave a vector with numbers that are not finite"),
    ],
)
def test_vectors_that_cannot_be_used_are_a_bad_answer(given: Embeddings, says: str) -> None:
    store = PlainMemory()
    with pytest.raises(BadAnswer, match=says):
        _ask(memory(embed=Odd(given)), Put("a", "text"), _steps(store))
    assert asyncio.run(store.keys("tenant:acme")) == []


def test_nothing_is_asked_about_a_text_that_is_empty() -> None:
    embedder = HashedEmbedder()
    agent = memory(embed=embedder)
    store = _filled(agent, "red fox")
    asked = len(embedder.asked)
    _ask(agent, Put("", None), _steps(store))
    assert len(embedder.asked) == asked
    assert _keys(_ask(agent, Search("red", by="meaning"), _steps(store))) == ["0", ""]


def test_what_was_appended_is_embedded_as_a_whole() -> None:
    embedder, store = HashedEmbedder(), PlainMemory()
    agent = memory(embed=embedder)
    assert _ask(agent, Append("a", "red "), _steps(store, "k1")) == Appended("a", 1, 1)
    assert _ask(agent, Append("a", "fox"), _steps(store, "k2")) == Appended("a", 2, 2)
    assert embedder.asked == ["a red ", "a red  fox"]
    assert _ask(agent, Append("a", "x", to="text"), _steps(store, "k3")) == Conflict(
        Remembered("a", ["red ", "fox"], 2)
    )


class Meanwhile(HashedEmbedder):
    """Embeds, while another writer appends as well."""

    def __init__(self, store: PlainMemory) -> None:
        super().__init__()
        self.store = store

    async def embed(self, texts: Any) -> Embeddings:
        if not self.asked:
            await self.store.append("tenant:acme", "a", "theirs", writer="other")
        return await super().embed(texts)


def test_what_others_append_while_it_is_embedded_is_not_lost() -> None:
    store = PlainMemory()
    embedder = Meanwhile(store)
    assert _ask(memory(embed=embedder), Append("a", "mine"), _steps(store)) == Appended("a", 2, 2)
    assert embedder.asked == ["a mine", "a theirs mine"]
    assert asyncio.run(store.append("tenant:acme", "a", "mine", writer="k1")) == MemoryAppend(version=2, length=2)


def test_a_memory_is_embedded_again_with_another_embedder() -> None:
    old, new = HashedEmbedder(64), HashedEmbedder(128)
    store = _filled(memory(embed=old), *(f"text {number}" for number in range(70)))
    agent = memory(embed=new)
    for request in (Search("text"), Put("b", "text")):
        with pytest.raises(
            OtherEmbedder, match=r"has vectors of hashed words \(64\).*by a call of the memory with Reembed"
        ):
            _ask(agent, request, _steps(store, "k2"))
    steps = _steps(store, "k3")
    assert _ask(agent, Reembed(), steps) == Reembedded(70)
    assert [said["count"] for said in steps.recorded.values()] == [64, 6]
    assert _ask(agent, Reembed(), _steps(store, "k4")) == Reembedded(0)
    assert _keys(_ask(agent, Search("text 7", by="meaning", limit=1), _steps(store, "k5"))) == ["7"]
    assert _ask(memory(embed=old), Get("7"), _steps(store)) == Remembered("7", "text 7", 1)


class Priced(HashedEmbedder):
    async def embed(self, texts: Any) -> Embeddings:
        return Embeddings((await super().embed(texts)).vectors, input_tokens=10 * len(texts))

    def usd(self, tokens: int, rates: Rates) -> float | None:
        return tokens / 1_000


def test_a_function_is_an_embedder() -> None:
    embedder: Embedder = function_embedder(
        lambda texts: [[len(text), 1] for text in texts], name="length", dimensions=2
    )
    store = _filled(memory(embed=embedder), "a", "a long text")
    assert _keys(_ask(memory(embed=embedder), Search("another long text", by="meaning"), _steps(store))) == ["1", "0"]
