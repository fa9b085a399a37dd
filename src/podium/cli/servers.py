"""Finding model servers on this machine: a short look at the ports where they usually listen."""

import json
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from podium.model.json import Json

_SECONDS = 0.5
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """Where a model server may listen, and how it tells its models."""

    name: str
    url: str
    list_path: str

    @property
    def base_url(self) -> str:
        """Where it speaks OpenAI's protocol."""
        return f"{self.url}/v1"


@dataclass(frozen=True, slots=True)
class Server:
    """A model server that answered."""

    name: str
    base_url: str
    models: Sequence[str]


PLACES = (
    ServerPlace("Ollama", "http://127.0.0.1:11434", "/api/tags"),
    ServerPlace("LM Studio", "http://127.0.0.1:1234", "/v1/models"),
    ServerPlace("vLLM", "http://127.0.0.1:8000", "/v1/models"),
)


def find_servers(places: Sequence[ServerPlace] = PLACES) -> list[Server]:
    """Return the model servers of this machine that have a model to offer."""
    with ThreadPoolExecutor(len(places)) as threads:
        return [server for server in threads.map(_look, places) if server is not None]


def _look(place: ServerPlace) -> Server | None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine is not behind its own proxy
    try:
        with opener.open(place.url + place.list_path, timeout=_SECONDS) as answer:
            models = models_of(json.loads(answer.read(_LARGEST)))
    except (OSError, ValueError):
        return None  # nobody there, or somebody else
    return Server(place.name, place.base_url, models) if models else None


def models_of(answer: Json) -> list[str]:
    """Return the names in an answer of Ollama (`models`, `name`) or of OpenAI's protocol (`data`, `id`)."""
    try:
        listed: list[dict[str, str]] = answer.get("models") or answer.get("data") or []
        return [each.get("name") or each["id"] for each in listed]
    except (AttributeError, KeyError, TypeError):
        return []  # somebody else's JSON
