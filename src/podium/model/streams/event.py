"""One event of a stream: who said what, where and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from podium.errors import InvalidValue
from podium.model.json import Json, decode, is_object
from podium.model.streams import durable, transient
from podium.model.streams.kinds import StreamContent

_CONTENTS: Mapping[str, type[StreamContent]] = {
    each.type: each
    for module in (transient, durable)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, StreamContent) and "type" in vars(each)
}
"""The class of each event, by its name in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event of a stream."""

    run: str
    number: int
    """Grows within the run: `handle.stream(after=number)` goes on after this event."""
    key: str
    """The call or branch it is about; empty for the run itself."""
    attempt: int
    """The attempt of the call; 0 where it is about none."""
    step: str
    """The place of the step within the call, such as `1/model/0`; empty where it is about none."""
    at: float
    """Seconds since 1970, by the clock of whoever said it."""
    epoch: int
    """The ownership under which it was said: grows each time that a process takes the run up."""
    content: StreamContent
    """What it says."""

    @property
    def type(self) -> str:
        """The name of what it says, as JSON has it."""
        return self.content.type

    def json(self) -> dict[str, Json]:
        """Return it as JSON: what all events have, and the fields of what it says beside."""
        return {
            "type": self.type, "run": self.run, "number": self.number, "key": self.key, "attempt": self.attempt,
            "step": self.step, "at": self.at, "epoch": self.epoch, "content": self.content.body(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, said: Json) -> Self:
        """Return the event that `json` gave; raises InvalidValue where it is none that is known here."""
        found = _CONTENTS.get(said.get("type", "")) if is_object(said) else None
        if found is None:
            known = ", ".join(_CONTENTS)
            raise InvalidValue(f"expected an event of a stream, with a type that is one of {known}; got {said!r}")
        return cls.of(said, found.read(said["content"]))

    @classmethod
    def of(cls, said: Mapping[str, Json], content: StreamContent) -> Self:
        """Return the event with these parts around what it says."""
        return cls(
            run=said["run"], number=said["number"], key=said["key"], attempt=said["attempt"], step=said["step"],
            at=said["at"], epoch=said["epoch"], content=content,
        )  # fmt: skip


def event_of(text: bytes) -> StreamEvent:
    """Return the event that a JSON text says."""
    return StreamEvent.from_json(decode(text))
