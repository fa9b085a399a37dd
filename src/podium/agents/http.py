"""`http`: a service that takes JSON and gives JSON. Needs the extra `podium[http]`."""

from collections.abc import Mapping
from typing import TypeVar, Unpack

import httpx
from typing_extensions import TypeForm

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.http_service import MAX_ANSWER, Endpoint, HttpService
from podium.agents.shape import TypeShape, shape_of
from podium.errors import (
    BadAnswer,
    InvalidValue,
    UsageError,
)
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.expected import COUNT, NAME, TEXT, TEXTS, Expected, check_options, or_none
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps

In = TypeVar("In")
Out = TypeVar("Out")

_METHODS = ("POST", "PUT", "PATCH")


class HttpAgent(CardedAgent[In, Out]):
    """A service behind HTTP. Made by `http`; `aclose` gives its connections back."""

    def __init__(self, card: Card, input: TypeShape[In], output: TypeShape[Out], *, endpoint: Endpoint) -> None:
        super().__init__(card, input, output)
        self._service = HttpService(endpoint)

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Send the input and return the answer; raises as HttpService does, and BadAnswer for another type."""
        answer = await self._service.ask(call.input, {"Idempotency-Key": steps.idempotency_key})
        try:
            return Done(self.output.accept(answer))
        except InvalidValue as error:
            raise BadAnswer(f"{self.card.name} answered with something else than it declares: {error}") from error

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        await self._service.aclose()


_SERVICE: Mapping[str, Expected] = {
    "name": NAME, "url": TEXT, "method": TEXT, "headers": or_none(TEXTS), "max_answer": COUNT,
}  # fmt: skip


def http(
    url: str,
    *,
    name: str,
    input: TypeForm[In] = Json,
    output: TypeForm[Out] = Json,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    max_answer: int = MAX_ANSWER,
    **options: Unpack[CardOptions],
) -> HttpAgent[In, Out]:
    """Return an agent that sends its input to `url` as JSON and gives the JSON that comes back.

    Each request carries the header `Idempotency-Key`. A header's value may be or end in a reference to a secret,
    looked up when it is sent: `headers={"Authorization": "Bearer env:SCORE_TOKEN"}`. Redirects are not followed.
    """
    given = {"name": name, "url": url, "method": method, "headers": headers, "max_answer": max_answer}
    check_options(f"service {name}", given, _SERVICE)
    if method not in _METHODS:
        raise UsageError(f"the method of {name} must be one that carries a body ({', '.join(_METHODS)}), not {method}")
    if httpx.URL(url).scheme not in ("http", "https"):
        raise UsageError(f"the url of {name} must begin with http:// or https://, not {url!r}")
    shapes = shape_of(input), shape_of(output)
    card = card_of("http", name, *shapes, {"description": f"{method} {url}", **options})
    endpoint = Endpoint(name=name, url=url, method=method, headers=headers or {}, max_answer=max_answer)
    return HttpAgent(card, *shapes, endpoint=endpoint)
