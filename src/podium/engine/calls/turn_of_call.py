"""What an agent has of the conversation in which it is called."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.json import Json
from podium.model.message_shape import checked_messages
from podium.model.said import SaidInTurn
from podium.store.protocol import ReadStore

if TYPE_CHECKING:
    from podium.agents.pydantic_ai import reading
    from podium.model.conversation_state import ConversationMessage
else:
    reading = lazy.module("podium.agents.pydantic_ai.reading")


class TurnOfCall:
    """Reads what was said before a call, once, and keeps what the present attempt says."""

    __slots__ = ("_read", "_store", "_tenant", "added", "asked", "begun", "name", "revision")

    def __init__(self, name: str, revision: int, store: ReadStore, tenant: str) -> None:
        self.name = name
        self.revision = revision
        self.added: list[Json] = []
        """What this attempt has said."""
        self.begun = False
        """Whether an agent was handed the input in this process."""
        self.asked: Json = None
        """The input as guards let it through to that agent."""
        self._store = store
        self._tenant = tenant
        self._read: Sequence[ConversationMessage] | None = None

    async def messages(self) -> "Sequence[ConversationMessage]":
        """Return what was said before the call, the oldest first."""
        if self._read is None:
            self._read = await self._store.messages(self._tenant, self.name, end=self.revision)
        return self._read

    def begin(self, asked: Json) -> None:
        """Note what an agent is handed."""
        self.begun, self.asked = True, asked

    def said(self, answer: Json) -> SaidInTurn:
        """Return what it says with this answer."""
        return SaidInTurn(self.asked, answer, tuple(self.added))

    def add(self, messages: Sequence[Json]) -> None:
        """Say these: they are appended with the answer; raises InvalidValue, and adds none, for what is no message."""
        said = checked_messages(messages)
        if find_spec("pydantic_ai") is not None:
            reading.check_readable(said)
        self.added.extend(said)
