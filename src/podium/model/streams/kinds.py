"""What the events of a stream say: what all of them have in common, and the kinds that there are."""

from collections.abc import Mapping
from typing import ClassVar, Self

from podium.errors import UsageError
from podium.model.expected import TEXT
from podium.model.json import Json


class StreamContent:
    """What one event says. Its fields are JSON."""

    __slots__ = ()

    type: ClassVar[str]
    """How JSON names it: unique, and never changed."""

    def __init_subclass__(cls, type: str = "") -> None:
        """Take the name of the event."""
        super().__init_subclass__()
        if type:
            cls.type = type

    def body(self) -> dict[str, Json]:
        """Return its fields as JSON."""
        return {name: getattr(self, name) for name in type(self).names()}

    @classmethod
    def read(cls, body: Mapping[str, Json]) -> Self:
        """Return the content with these fields; what has no field here is passed over, a newer version wrote it."""
        return cls(**{name: body[name] for name in cls.names() if name in body})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of its fields, in order."""
        return tuple(cls.__annotations__)


class Transient(StreamContent):
    """What is told while it happens, and is in no journal. An agent may hand one to `steps.emit`."""

    __slots__ = ()


def check_transient(content: StreamContent) -> None:
    """Raise UsageError for an event that nobody may emit, or one whose texts are none."""
    if not isinstance(content, Transient):
        known = ", ".join(sorted({each.__name__ for each in Transient.__subclasses__()}))
        raise UsageError(f"{type(content).__name__} cannot be emitted: the journal tells of it. Emit JSON, or {known}.")
    for name, kind in type(content).__annotations__.items():
        if kind is str and not isinstance(getattr(content, name), str):
            TEXT.check(f"{type(content).__name__}.{name}", getattr(content, name))
