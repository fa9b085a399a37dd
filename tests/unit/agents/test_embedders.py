"""Embedders of a service, over HTTP, and the small model on this machine."""

import asyncio
from collections.abc import Callable

import orjson
import pytest

from podium.agents.embedders import ServiceEmbedder, service_embedder, wordllama_embedder
from podium.errors import AgentError, BadAnswer, NotDone, RateLimited, Refusal, TransportFailed, UsageError
from podium.model.embedding import Embeddings, similarity, vector_of
from podium.model.prices import Rate
from tests.unit.agents.service import Reply, Seen, service


def _embed(embedder: ServiceEmbedder, *texts: str) -> Embeddings:
    async def run() -> Embeddings:
        try:
            return await embedder.embed(texts)
        finally:
            await embedder.aclose()

    return asyncio.run(run())


def _at(url: str) -> ServiceEmbedder:
    return service_embedder("tiny", dimensions=2, url=url, key=None)


def _said(*vectors: object, tokens: object = 3) -> bytes:
    rows = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    return orjson.dumps({"object": "list", "data": rows[::-1], "usage": {"prompt_tokens": tokens}})


def test_texts_go_out_and_vectors_come_back_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Seen] = []

    def respond(request: Seen) -> Reply:
        seen.append(request)
        return Reply(body=_said([1, 0], [0.5, 0.5]))

    monkeypatch.setenv("EMBED_KEY", "key-of-the-service")
    with service(respond) as url:
        embedder = service_embedder("tiny", dimensions=2, url=f"{url}v1", key="env:EMBED_KEY", max_characters=5)
        assert _embed(embedder, "one", "longer than that") == Embeddings([[1.0, 0.0], [0.5, 0.5]], 3)
    [request] = seen
    assert request.path == "/v1/embeddings"
    assert request.headers["authorization"] == "Bearer key-of-the-service"
    assert orjson.loads(request.body) == {"model": "tiny", "input": ["one", "longe"], "encoding_format": "float"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[]", r"openai:tiny did not answer with `data`, a list of 2 embeddings"),
        (_said([1, 0]), r"openai:tiny did not answer with `data`, a list of 2 embeddings"),
        (_said([1, 0], "x"), r"openai:tiny answered with an `embedding` that is no list of numbers"),
        (_said([1, 0], [None]), r"openai:tiny answered with an `embedding` that is no list of numbers"),
        (
            b'{"data": [{"index": 1, "embedding": [1]}, {"index": 1, "embedding": [1]}]}',
            r"did not say by `index` of which text",
        ),
        (b"not JSON", r"openai:tiny did not answer with JSON"),
    ],
)
def test_an_answer_of_another_form_is_a_bad_answer(body: bytes, says: str) -> None:
    with service(lambda _: Reply(body=body)) as url, pytest.raises(BadAnswer, match=says):
        _embed(_at(url), "one", "two")


@pytest.mark.parametrize("tokens", [None, -1, "many"])
def test_usage_that_is_none_is_left_out(tokens: object) -> None:
    with service(lambda _: Reply(body=_said([1, 0], tokens=tokens))) as url:
        assert _embed(_at(url), "one").input_tokens == 0


@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimited), (401, Refusal), (500, TransportFailed), (400, AgentError)]
)
def test_what_a_status_means_is_the_same_as_for_any_service(status: int, error: type[AgentError]) -> None:
    with service(lambda _: Reply(status=status)) as url, pytest.raises(error):
        _embed(_at(url), "one")


def test_a_service_that_is_not_there_did_nothing() -> None:
    with pytest.raises(NotDone):
        _embed(_at("http://127.0.0.1:9/"), "one")


def test_tokens_cost_what_your_rates_or_the_list_say() -> None:
    million = 1_000_000
    listed = service_embedder("text-embedding-3-small", dimensions=1536)
    assert listed.usd(million, {}) == 0.02
    assert listed.usd(million, {"text-embedding-3-small": Rate(0.5, 0)}) == 0.5
    assert service_embedder("tiny", dimensions=2, provider="ours").usd(million, {}) is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: service_embedder("m", dimensions=0), r"dimensions.* is 0; expected"),
        (lambda: service_embedder("m", dimensions=2, url="ftp://x"), r"url of m must begin with http"),
    ],
)
def test_options_that_cannot_be_are_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make()


def test_the_small_model_knows_that_the_same_was_said_in_other_words() -> None:
    embedder = wordllama_embedder()
    texts = ("How do I get my money back?", "I would like a refund", "The weather in Oslo is cold")
    given = asyncio.run(embedder.embed(texts))
    ours, same, other = (vector_of(embedder, each) for each in given.vectors)
    assert similarity(ours, same) > similarity(ours, other) + 0.2
    assert given.input_tokens == embedder.usd(100, {}) == 0
