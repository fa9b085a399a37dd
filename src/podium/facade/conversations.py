"""`app.conversations`: what was said in them; forking, redacting and deleting them."""

from podium.errors import NotAllowed
from podium.facade.conversation_reader import ConversationReader
from podium.facade.scope import Parts, Scope
from podium.model.conversation import check_conversation, foreign
from podium.model.conversation_state import ConversationState
from podium.model.expected import NAME, NATURAL, TEXT, or_none
from podium.model.principal import NOBODY
from podium.model.storable import check_name, check_text
from podium.operations.conversation_operator import ConversationOperator


class Conversations(ConversationReader):
    """Looks at conversations, and changes them. What is said in them is said by runs.

    Such as `app.run(chat, text, conversation="user-42")`.
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._scope = scope

    async def fork(
        self, name: str, into: str, *, at: int | None = None, edit: str | None = None, why: str = "",
        by: str | None = None, tenant: str | None = None,
    ) -> ConversationState:  # fmt: skip
        """Begin a conversation with a copy of the messages before place `at` of another one, by default of all.

        With `edit` the message at that place follows in these words; it counts as said by whoever edits it, and is
        marked as `edited`. It takes the right to have a turn there. Raises UnknownConversation, NotAllowed,
        InvalidValue where there is no such place, and NotPossible where the name is taken, or a use of a tool would be
        cut from its result.
        """
        self._scope.must_change("fork conversations")
        NAME.check("the name of the fork", into)
        check_conversation(into)
        check_name("the name of the fork", into)
        or_none(NATURAL).check("at, the place of the fork,", at)
        or_none(TEXT).check("edit, the text of the message at which is forked,", edit)
        parts, who = self._scope.parts, self._who(by, why)
        found, user = await self.get(name, tenant=tenant), self._scope.confined
        if (refused := foreign(NOBODY if user is None else user.who, found.principal, name)) is not None:
            raise NotAllowed(f"{refused}.")
        if edit is not None and at is None:
            at = found.revision
        await self._scope.record("fork conversations", name, tenant=found.tenant, into=into, why=why)
        await _operator(parts).fork(found, into, at=at, edit=edit, by=who, why=why)
        return await self.get(into, tenant=tenant)

    async def redact(self, name: str, *, why: str = "", by: str | None = None, tenant: str | None = None) -> None:
        """Delete the contents of all messages; who said them, where and when stays. It takes the role of an operator.

        The copies in forks of what was said in it are emptied too. Raises UnknownConversation, and NotPossible while a
        run has, or waits for, a turn where one of these messages stands.
        """
        parts, who = self._scope.for_operators("redact conversations"), self._who(by, why)
        self._scope.must_reach_all("redact conversations")
        found = await self.get(name, tenant=tenant)
        await self._scope.record("redact conversations", name, tenant=found.tenant, why=why)
        await _operator(parts).redact(found, by=who, why=why)

    async def delete(self, name: str, *, why: str = "", by: str | None = None, tenant: str | None = None) -> None:
        """Delete a conversation with all that was said, not its forks. It takes the role of an operator.

        Raises UnknownConversation, and NotPossible while a run has, or waits for, a turn in it.
        """
        parts, who = self._scope.for_operators("delete conversations"), self._who(by, why)
        self._scope.must_reach_all("delete conversations")
        found = await self.get(name, tenant=tenant)
        await self._scope.record("delete conversations", name, tenant=found.tenant, why=why)
        await _operator(parts).delete(found, by=who, why=why)

    def _who(self, by: str | None, why: str) -> str:
        check_text("the reason", why)
        return self._scope.name_of(by)


def _operator(parts: Parts) -> ConversationOperator:
    return ConversationOperator(parts.worker, parts.clock, parts.ids)
