"""What a fleet is opened with, and how it reads its options."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from podium import lazy
from podium.errors import ConfigError, UsageError
from podium.model.clock import Clock
from podium.model.fleet import FleetSettings
from podium.model.json import Json
from podium.store.protocol import Store

if TYPE_CHECKING:
    import pydantic
    from _typeshed import DataclassInstance
else:
    pydantic = lazy.module("pydantic")

T = TypeVar("T", bound="DataclassInstance")


class RunStarter(Protocol):
    """Starts runs of the workflows that are registered here."""

    def has(self, workflow: str) -> bool:
        """Whether a workflow of that name can be started here."""
        ...

    async def start(self, workflow: str, input: Json, **options: Any) -> None:
        """Start a run, with the options of `App.start`; nothing happens where there is one of that workflow and id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """Which fleet is wanted, and what it is to work with."""

    settings: FleetSettings
    store: Store
    address: str
    """That of the store, as the settings have it: it may hold a password."""
    clock: Clock
    starter: RunStarter
    """To be used from when the fleet is run on."""
    slots: int
    """How many runs may be in memory here at once; where queues are named, of each."""
    queues: tuple[str, ...]
    """The queues whose runs are driven here; none are all."""
    lease: float
    """Seconds without a beat after which a worker is declared dead."""


@dataclass(frozen=True, slots=True)
class NoOptions:
    """What a fleet takes that takes none."""


def load_options(kind: type[T], settings: FleetSettings) -> T:
    """Return the options of a fleet as a dataclass of them; raises ConfigError with the place of each mistake."""
    forbidding = pydantic.with_config(pydantic.ConfigDict(extra="forbid"))
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(forbidding(kind))
    try:
        return adapter.validate_python(dict(settings.options))
    except pydantic.ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        known = ", ".join(each.name for each in fields(kind)) or "none"
        raise ConfigError(
            f"the options of the fleet {settings.kind!r} are wrong: {wrong}. Those that it takes are: {known}."
        ) from error
    except UsageError as error:
        raise ConfigError(f"the options of the fleet {settings.kind!r} are wrong: {error}") from error
