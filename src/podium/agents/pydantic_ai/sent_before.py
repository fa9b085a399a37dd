"""What messages say as they are sent, remembered in this process: a history is the same in each request but its end."""

from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest

from podium.model.json import Json
from podium.model.sent import is_sent, sent_message

_MOST_CHARACTERS = 16 * 1024 * 1024
_LONGEST = 65_536

_Key = tuple[object, ...]


class SentBefore:
    """Remembers messages by all that is sent of them, so one that somebody changed meanwhile is another one.

    Only those of texts: other values may be changed in place, or be equal and yet be written in another way.
    """

    def __init__(self) -> None:
        self._known: dict[_Key, Json] = {}
        self._characters = 0

    def __len__(self) -> int:
        return len(self._known)

    def sent(self, messages: Sequence[ModelMessage]) -> Json:
        """Return what messages say, without what no model sees. Whoever is given it does not change it."""
        keys = [_key(each) for each in messages]
        found = [None if key is None else self._known.get(key) for key in keys]
        new = [message for message, known in zip(messages, found, strict=True) if known is None]
        made = iter(ModelMessagesTypeAdapter.dump_python(new, mode="json")) if new else iter(())
        return [
            self._keep(key, sent_message(next(made))) if known is None else known
            for key, known in zip(keys, found, strict=True)
        ]

    def _keep(self, key: _Key | None, said: Json) -> Json:
        if key is not None and (size := _size(key)) <= _LONGEST:
            if self._characters > _MOST_CHARACTERS:
                self._known, self._characters = {}, 0
            self._known[key] = said
            self._characters += size
        return said


def _key(message: ModelMessage) -> _Key | None:
    """Return all that is sent of a message; None of one that holds more than texts."""
    found: list[object] = [type(message), message.instructions if isinstance(message, ModelRequest) else None]
    for part in message.parts:
        found.append(type(part))
        for name, value in vars(part).items():
            if value is None or not is_sent(name):
                continue
            if type(value) is not str:
                return None
            found += (name, value)
    return tuple(found)


def _size(key: _Key) -> int:
    return sum(len(each) for each in key if isinstance(each, str))
