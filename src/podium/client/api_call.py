"""One request to a server, described: what is sent, and what is answered."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeAlias, TypeVar
from urllib.parse import quote

from podium.api.body import ApiInput, PageBody
from podium.errors import InvalidValue
from podium.model.ids import RandomIds
from podium.model.json import Json

if TYPE_CHECKING:
    from podium.api.lists import PageGiven

T = TypeVar("T")

_LONGEST_KEY = 200
_IDS = RandomIds()
_WHOLE_STORE = 3_600.0
"""Seconds that the server may take for what goes through all of a store, where its settings let it."""

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall(Generic[T]):
    """A request, and the type of its answer."""

    method: Method
    template: str
    """The path as the OpenAPI document has it, such as `/runs/{run}/fork`."""
    places: Mapping[str, str]
    """What stands in the path."""
    answer: type[T]
    query: Mapping[str, Json] = field(default_factory=dict[str, Json])
    body: ApiInput | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    again: bool
    """Whether it may be sent again when nobody knows what became of it: it then does no more than once."""
    wait: float = 0
    """Seconds that the server may take beyond what it takes for any request."""

    def __iter__(self) -> "Sending[T]":
        """Have it sent where several are, one after another: `found = yield from get(…)`."""
        answer: T = yield self
        return answer

    @property
    def path(self) -> str:
        """The path with what stands in it."""
        return self.template.format(**{name: quote(each, safe="") for name, each in self.places.items()})

    def asking(self, **query: Json) -> Self:
        """Return it with more in its query."""
        return replace(self, query={**self.query, **query})


Sending: TypeAlias = Generator[ApiCall[Json], Json, T]
"""Requests that are sent one after another, and what comes of them in the end."""


def get(
    template: str, answer: type[T], query: ApiInput | Mapping[str, Json] | None = None, **places: str
) -> ApiCall[T]:
    """Return a request that changes nothing."""
    return ApiCall(method="GET", template=template, places=places, answer=answer, query=_query(query), again=True)


def post(
    template: str, answer: type[T], body: ApiInput | None = None, *, query: Mapping[str, Json] | None = None,
    again: bool = False, **places: str,
) -> ApiCall[T]:  # fmt: skip
    """Return a request that changes something; `again` says that doing it twice is doing it once."""
    return ApiCall(
        method="POST", template=template, places=places, answer=answer, query=_query(query), body=body, again=again
    )


def keyed(call: ApiCall[T], idempotency_key: str | None) -> ApiCall[T]:
    """Return a request that does no more than once under its key, which is a new one where none is given."""
    key = _IDS.new("key") if idempotency_key is None else idempotency_key
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable() and key == key.strip()):
        raise InvalidValue(f"idempotency_key: expected 1 to {_LONGEST_KEY} ASCII characters, got {key!r}")
    return replace(call, again=True, headers={**call.headers, "idempotency-key": key})


def patch(template: str, answer: type[T], body: ApiInput, **places: str) -> ApiCall[T]:
    """Return a request that has something another way: twice is once."""
    return ApiCall(method="PATCH", template=template, places=places, answer=answer, body=body, again=True)


def delete(template: str, query: Mapping[str, Json] | None = None, **places: str) -> ApiCall[None]:
    """Return a request that deletes something."""
    return ApiCall(
        method="DELETE", template=template, places=places, answer=type(None), query=_query(query), again=False
    )


def through_the_store(call: ApiCall[T]) -> ApiCall[T]:
    """Return a request that goes through all of a store: it takes long, and is not begun a second time."""
    return replace(call, wait=_WHOLE_STORE, again=False)


def page(
    template: str, answer: type[PageBody[T]], given: "type[PageGiven]", filters: Mapping[str, object], **places: str
) -> ApiCall[PageBody[T]]:
    """Return a request for a page of a list; `limit` may be more than a page has."""
    limit = filters.get("limit")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise InvalidValue(f"limit: expected a whole number from 1 on, got {limit!r}")
    kept = {name: each for name, each in filters.items() if each is not None and name != "limit"}
    query = {**_query(given.model_validate(kept)), **({} if limit is None else {"limit": limit})}
    return get(template, answer, query, **places)


def _query(given: ApiInput | Mapping[str, Json] | None) -> Mapping[str, Json]:
    if isinstance(given, ApiInput):
        return given.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return {name: each for name, each in (given or {}).items() if each is not None}
