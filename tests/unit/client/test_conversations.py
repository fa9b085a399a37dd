"""Conversations, as both clients look at and change them."""

import json

import pytest

from podium.errors import InvalidValue, UnknownConversation
from tests.unit.client.conftest import Asking
from tests.unit.server.desk import DESK


async def test_a_conversation_is_listed_read_searched_forked_redacted_and_deleted(asking: Asking) -> None:
    async with asking(*DESK) as ask:
        for text in ("tea", "milk"):
            await ask(lambda client, text=text: client.runs.start("chat", text, wait=None, conversation="team/7"))
        (listed,) = await ask(lambda client: client.conversations.list(prefix="team"))
        state = await ask(lambda client: client.conversations.get("team/7"))
        assert listed == state
        assert (state.name, state.revision, state.principal) == ("team/7", 4, "ann")
        said = await ask(lambda client: client.conversations.messages("team/7"))
        assert [each.message["parts"][0]["content"] for each in said] == [
            "tea", "You said tea.", "milk", "You said milk.",
        ]  # fmt: skip
        (hit, *_) = await ask(lambda client: client.conversations.search("milk", conversation="team/7"))
        assert (hit.conversation, hit.place) == ("team/7", 3)
        lines = [json.loads(line) for line in await ask(lambda client: client.conversations.export("team/7"))]
        assert [line.get("place", line.get("revision")) for line in lines] == [4, 0, 1, 2, 3]
        read = await ask(lambda client: client.conversations.export("team/7", form="markdown"))
        assert (read[0], "You said milk." in read) == ("# team/7", True)
        forked = await ask(lambda client: client.conversations.fork("team/7", "other", at=2, edit="coffee"))
        assert (forked.forked_from, forked.revision) == ("team/7", 3)
        await ask(lambda client: client.conversations.redact("team/7", reason="a test"))
        assert await ask(lambda client: client.conversations.search("milk")) == []
        await ask(lambda client: client.conversations.delete("team/7", reason="a test"))
        with pytest.raises(UnknownConversation):
            await ask(lambda client: client.conversations.get("team/7"))


async def test_messages_are_given_page_by_page_from_a_place_on(asking: Asking) -> None:
    async with asking(*DESK) as ask:
        for text in ("tea", "milk", "ice"):
            await ask(lambda client, text=text: client.runs.start("chat", text, wait=None, conversation="c"))
        first = await ask(lambda client: client.conversations.messages("c", first=1, limit=2).page())
        if not hasattr(first, "items"):
            first = await first
        assert [each.place for each in first.items] == [1, 2]
        for given, places in (
            ({"first": 1, "limit": 4}, [1, 2, 3, 4]), ({"first": 1, "cursor": first.cursor}, [3, 4, 5]),
            ({"first": 9}, []), ({"limit": 1}, [0]), ({"limit": 2_000, "tenant": None}, [*range(6)]),
        ):  # fmt: skip
            said = await ask(lambda client, given=given: client.conversations.messages("c", **given))
            assert [each.place for each in said] == places
        with pytest.raises(InvalidValue, match="is of no such list"):
            await ask(lambda client: client.conversations.messages("c", cursor="x"))
