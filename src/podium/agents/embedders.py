"""Embedders: from a function, from a small model on this machine, or from a service with the interface of OpenAI."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from podium.errors import BadAnswer, UsageError
from podium.in_threads import in_thread
from podium.model.embedding import Embeddings
from podium.model.expected import COUNT, FUNCTION, NAME, TEXT, Expected, check_options, or_none
from podium.model.json import Json, is_array, is_object
from podium.model.outcome import Usage
from podium.model.prices import Rates

if TYPE_CHECKING:
    from podium.agents.http_service import HttpService

Encode = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""Returns a vector for each text. It is called in a thread, by one at a time."""

_WORDLLAMA_DIMENSIONS = 256
_FUNCTION: Mapping[str, Expected] = {"name": NAME, "dimensions": COUNT, "encode": FUNCTION}
_SERVICE: Mapping[str, Expected] = {
    "model": NAME, "dimensions": COUNT, "url": TEXT, "key": or_none(TEXT), "provider": TEXT, "max_characters": COUNT,
}  # fmt: skip


class FunctionEmbedder:
    """Embeds by a function, which costs nothing. Made by `function_embedder`."""

    def __init__(self, encode: Encode, *, name: str, dimensions: int) -> None:
        check_options("function_embedder", {"encode": encode, "name": name, "dimensions": dimensions}, _FUNCTION)
        self.name = name
        self.dimensions = dimensions
        self._encode = encode
        self._lock = threading.Lock()

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return a vector for each text."""

        def encoded() -> Sequence[Sequence[float]]:
            with self._lock:
                return [[float(each) for each in vector] for vector in self._encode(texts)]

        return Embeddings(await in_thread(encoded))

    def usd(self, tokens: int, rates: Rates) -> float | None:
        """Return 0: it is computed here."""
        return 0.0


def function_embedder(encode: Encode, *, name: str, dimensions: int) -> FunctionEmbedder:
    """Return an embedder of a function that returns a vector for each text of a list, such as that of a local model.

    It is called in a thread, one call after the other. Change `name` when its vectors change.
    """
    return FunctionEmbedder(encode, name=name, dimensions=dimensions)


def wordllama_embedder() -> FunctionEmbedder:
    """Return the small model that comes with WordLlama (`podium[embeddings]`): English, 256 dimensions, no download.

    It adds up the vectors of words, whatever their order: that takes 0.1 ms, and "man bites dog" is "dog bites man".
    """
    _wordllama_folder()

    def encode(texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return _wordllama().embed(list(texts), norm=True)

    return function_embedder(encode, name="wordllama l2_supercat", dimensions=_WORDLLAMA_DIMENSIONS)


class _Encoder(Protocol):
    def embed(self, texts: list[str], *, norm: bool) -> Sequence[Sequence[float]]: ...


def _wordllama_folder() -> Path:
    from importlib.util import find_spec

    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise UsageError('the small model for embeddings is an extra: pip install "podium[embeddings]"')
    return Path(found.origin).parent


@cache
def _wordllama() -> _Encoder:
    """Return the model: the weights and the tokenizer that the package has with it."""
    from importlib import import_module  # it has no types

    load: Callable[..., _Encoder] = import_module("wordllama").WordLlama.load
    return load(dim=_WORDLLAMA_DIMENSIONS, cache_dir=_wordllama_folder(), disable_download=True)


class ServiceEmbedder:
    """Embeds by a service with the interface of OpenAI. Made by `service_embedder`."""

    def __init__(self, service: "HttpService", *, model: str, provider: str, dimensions: int, most: int) -> None:
        self.name = f"{provider}:{model}"
        self.dimensions = dimensions
        self._service = service
        self._model = model
        self._most = most

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return a vector for each text; raises as an `http` agent does."""
        asked = {"model": self._model, "input": [text[: self._most] for text in texts], "encoding_format": "float"}
        said = await self._service.ask(asked, {})
        return Embeddings(self._vectors(said, len(texts)), _tokens(said))

    def usd(self, tokens: int, rates: Rates) -> float | None:
        """Return what so many tokens cost, by your own rates or the list of genai-prices; None where none says it."""
        try:
            from podium.agents.prices import price
        except ModuleNotFoundError:  # the list comes with podium[llm]
            rate = next((rates[name] for name in (self.name, self._model) if name in rates), None)
            return None if rate is None else tokens * rate.input / 1_000_000
        return price(self.name, Usage(input_tokens=tokens), rates=rates)

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        await self._service.aclose()

    def _vectors(self, said: Json, wanted: int) -> list[list[float]]:
        rows = said.get("data") if is_object(said) else None
        if not is_array(rows) or len(rows) != wanted:
            raise BadAnswer(f"{self.name} did not answer with `data`, a list of {wanted} embeddings")
        vectors: dict[Json, list[float]] = {}
        for place, row in enumerate(rows):
            found = row.get("embedding") if is_object(row) else None
            if not is_array(found) or not all(_is_number(each) for each in found):
                raise BadAnswer(f"{self.name} answered with an `embedding` that is no list of numbers")
            vectors[row.get("index", place)] = [float(each) for each in found]
        if vectors.keys() != {*range(wanted)}:
            raise BadAnswer(f"{self.name} did not say by `index` of which text each embedding is")
        return [vectors[place] for place in range(wanted)]


def service_embedder(
    model: str, *, dimensions: int, url: str = "https://api.openai.com/v1", key: str | None = "env:OPENAI_API_KEY",
    provider: str = "openai", max_characters: int = 24_000,
) -> ServiceEmbedder:  # fmt: skip
    """Return an embedder that asks `url`/embeddings, of OpenAI or whoever has the same interface. Needs `podium[http]`.

    `key` is a reference to a secret, or None. `dimensions` is how many numbers the vectors of the model have. Of a
    longer text only the first `max_characters` count. The name of the embedder is `provider:model`, under which its
    price is looked up.
    """
    given = {
        "model": model, "dimensions": dimensions, "url": url, "key": key, "provider": provider,
        "max_characters": max_characters,
    }  # fmt: skip
    check_options("service_embedder", given, _SERVICE)
    try:
        from podium.agents.http_service import MAX_ANSWER, Endpoint, HttpService
    except ModuleNotFoundError as error:
        raise UsageError('embedders of a service need HTTPX, which is an extra: pip install "podium[http]"') from error
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"the url of {model} must begin with http:// or https://, not {url!r}")
    endpoint = Endpoint(
        name=f"{provider}:{model}", url=f"{url.rstrip('/')}/embeddings", method="POST",
        headers={} if key is None else {"Authorization": f"Bearer {key}"}, max_answer=MAX_ANSWER,
    )  # fmt: skip
    service = HttpService(endpoint)
    return ServiceEmbedder(service, model=model, provider=provider, dimensions=dimensions, most=max_characters)


def _tokens(said: Json) -> int:
    usage = said.get("usage")
    tokens = usage.get("prompt_tokens") if is_object(usage) else None
    return tokens if isinstance(tokens, int) and tokens > 0 else 0


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
