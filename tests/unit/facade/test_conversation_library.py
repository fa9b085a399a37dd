"""Forking, searching, exporting, redacting and deleting conversations, as people of an app do it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessagesTypeAdapter

from podium import App, Context, Principal, Steps, agent, workflow
from podium.errors import InvalidValue, NotAllowed, NotPossible, UnknownConversation, UsageError
from podium.facade.conversations import Conversations
from podium.facade.scoped import ScopedApp
from podium.model.conversation_state import ConversationMessage
from podium.model.json import Json
from podium.reports.audit import audit
from podium.testing import DrivenClock


@agent
async def echo(text: str, steps: Steps) -> str:
    turn = steps.conversation
    return f"{text.upper()} after {0 if turn is None else turn.revision}"


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


@workflow
async def asks(ctx: Context, text: str) -> str:
    await ctx.ask(text, answer=bool, to="ann")
    return await ctx.call(echo, text, conversation=ctx.conversation)


@agent
async def uses_tool(text: str, steps: Steps) -> str:
    named = {"tool_name": "weigh", "tool_call_id": "c1"}
    parts: list[tuple[str, Json]] = [
        ("request", {"part_kind": "user-prompt", "content": text}),
        ("response", {"part_kind": "tool-call", "args": {"thing": "x"}, **named}),
        ("request", {"part_kind": "tool-return", "content": {"grams": 12}, **named}),
        ("response", {"part_kind": "text", "content": "12 g"}),
    ]
    assert steps.conversation is not None
    steps.conversation.add([{"kind": kind, "parts": [part]} for kind, part in parts])
    return "12 g"


@workflow
async def weighs(ctx: Context, text: str) -> str:
    return await ctx.call(uses_tool, text, conversation=ctx.conversation)


def users(app: App) -> dict[str, ScopedApp]:
    """Return the app as people of two tenants use it."""
    people = (("ann", "a", ""), ("amy", "a", ""), ("boss", "a", "operator"), ("looks", "a", "viewer"), ("bob", "b", ""))
    return {
        who: app.scoped(Principal(who=who, tenant=tenant, roles=frozenset({role} - {""})))
        for who, tenant, role in people
    }


async def texts(conversations: Conversations, name: str, **how: Any) -> list[str]:
    return [_text(each) for each in await conversations.messages(name, **how)]


def _text(said: ConversationMessage) -> str:
    return said.message["parts"][0]["content"]


async def test_a_question_is_asked_anew_from_where_it_was_asked(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        for text in ("one", "two", "three"):
            await app.run(chat, text, conversation="u")
        fork = await app.conversations.fork("u", "w", at=2)
        assert (fork.name, fork.revision, fork.forked_from, fork.forked_at) == ("w", 2, "u", 2)
        assert await app.run(chat, "other", conversation="w") == "OTHER after 2"
        assert await texts(app.conversations, "w") == ["one", "ONE after 0", "other", "OTHER after 2"]
        assert (await app.conversations.fork("w", "all")).revision == 4
        assert (await app.conversations.get("u")).revision == 6


async def test_what_a_person_gives_anew_is_theirs_and_marked(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        ann = users(app)["ann"]
        await ann.run(chat, "one", conversation="u")
        await ann.conversations.fork("u", "w", at=1, edit="a better answer")
        said = await ann.conversations.messages("w")
        assert [(each.author, each.edited, each.message["kind"], _text(each)) for each in said] == [
            ("ann", False, "request", "one"), ("ann", True, "response", "a better answer"),
        ]  # fmt: skip
        assert await ann.run(chat, "go on", conversation="w") == "GO ON after 2"
        record = await ann.runs.get(said[1].run)
        assert (record.workflow, record.principal, record.state) == ("podium.conversation.fork", "ann", "done")
        assert (await audit(app.worker.store)).faults == []


async def test_a_fork_takes_the_right_to_have_a_turn_there(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        people = users(app)
        await people["ann"].run(chat, "one", conversation="u")
        for who, error in (
            ("amy", UnknownConversation), ("boss", NotAllowed), ("looks", NotAllowed), ("bob", UnknownConversation),
        ):  # fmt: skip
            with pytest.raises(error):
                await people[who].conversations.fork("u", "w")
        assert [each.name for each in await app.conversations.list()] == ["u"]
        fork = await app.conversations.fork("u", "w", tenant="a", by="eve")
        assert (fork.tenant, fork.principal) == ("a", "ann")
        assert await people["ann"].run(chat, "two", conversation="w") == "TWO after 2"


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"into": "u"}, NotPossible, "there is a conversation 'u' already: give the fork another name"),
        ({"into": ""}, UsageError, "the name of the fork is ''; expected a name"),
        ({"at": 7}, InvalidValue, "place 7 is none in conversation 'u': expected `at` from 0 to 6"),
        ({"at": 6, "edit": "x"}, InvalidValue, "expected `at` from 0 to 5"),
        ({"edit": "x"}, InvalidValue, "expected `at` from 0 to 5"),
        ({"at": -1}, UsageError, "a whole number, 0 or more"),
        ({"at": 1, "edit": 7}, UsageError, "a text"),
        ({"at": 4}, NotPossible, "at place 4 a use of the tool 'weigh' would be cut from its result: fork at 3 or 5"),
    ],
)
async def test_what_cannot_be_forked_is_refused_with_what_can(
    tmp_path: Path, given: dict[str, Any], error: type[Exception], told: str
) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat, weighs]) as app:
        await app.run(chat, "one", conversation="u")
        await app.run(weighs, "x", conversation="u")
        wanted: dict[str, Any] = {"into": "w", **given}
        with pytest.raises(error) as refused:
            await app.conversations.fork("u", **wanted)
        assert told in str(refused.value)
        assert [each.name for each in await app.conversations.list()] == ["u"]
        assert [each.workflow for each in await app.runs.list(workflow="podium.conversation.fork")] == []


async def test_a_use_of_a_tool_given_anew_is_a_text(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[weighs]) as app:
        await app.run(weighs, "x", conversation="u")
        await app.conversations.fork("u", "w", at=1, edit="I cannot weigh.")
        assert await texts(app.conversations, "w") == ["x", "I cannot weigh."]


async def test_what_was_said_is_found_by_those_who_may_see_it(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat, weighs]) as app:
        people = users(app)
        await people["ann"].run(weighs, "My PIN is 1234", conversation="u")
        await people["amy"].run(chat, "no pin", conversation="v")
        await people["bob"].run(chat, "a pin", conversation="u")
        found = {who: [each.author for each in await user.conversations.search("pin")] for who, user in people.items()}
        assert found == {
            "ann": ["ann"], "amy": ["echo", "amy"], "boss": ["echo", "amy", "ann"], "looks": ["echo", "amy", "ann"],
            "bob": ["echo", "bob"],
        }  # fmt: skip
        [hit] = await people["boss"].conversations.search("pin is", conversation="u")
        assert (hit.tenant, hit.conversation, hit.place, hit.excerpt) == ("a", "u", 0, "My PIN is 1234")
        assert [each.excerpt for each in await app.conversations.search("12 g")] == ["12 g"]
        assert [each.excerpt for each in await app.conversations.search("12", tenant="a", limit=1)] == ["12 g"]
        assert list(await app.conversations.search("weigh")) == []
        with pytest.raises(UsageError, match="the text that is looked for"):
            await app.conversations.search("")
        with pytest.raises(UsageError, match="takes one text"):
            await app.conversations.search("a", text="b")


async def test_a_long_text_is_cut_around_what_was_found(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await app.run(chat, "a" * 100 + " Here " + "b" * 100, conversation="u")
        hit = (await app.conversations.search("here"))[-1]
        assert hit.excerpt == "…" + "a" * 59 + " Here " + "b" * 59 + "…"


async def test_an_export_has_all_and_can_be_read_again(tmp_path: Path) -> None:
    async with App.open(tmp_path / "a.db", agents=[chat, weighs]) as app:
        await app.run(chat, "one", conversation="u")
        await app.run(weighs, "x", conversation="u")
        fork = await app.conversations.fork("u", "w", at=5, edit="13 g")
        head, *lines = [json.loads(line) async for line in app.conversations.export("w")]
        assert head == {
            "conversation": "w", "tenant": "default", "principal": "local", "revision": 6,
            "created_at": fork.created_at, "changed_at": fork.changed_at, "forked_from": "u", "forked_at": 5,
        }  # fmt: skip
        said = await app.conversations.messages("w")
        for line, each in zip(lines, said, strict=True):
            assert {name: getattr(each, name) for name in line} == line
        assert [line["edited"] for line in lines] == [*[False] * 5, True]
        assert len(ModelMessagesTypeAdapter.validate_python([line["message"] for line in lines])) == 6
        with pytest.raises(UnknownConversation):
            [line async for line in app.conversations.export("nothing")]
        wrong: dict[str, Any] = {"form": "html"}
        with pytest.raises(UsageError, match="jsonl"):
            [line async for line in app.conversations.export("u", **wrong)]


async def test_an_export_for_people_reads_as_a_talk(tmp_path: Path) -> None:
    clock = DrivenClock()
    async with App.open(tmp_path / "a.db", agents=[weighs], clock=clock) as app:
        await app.run(weighs, "How heavy?", conversation="u")
        await app.conversations.fork("u", "w", at=3, edit="13 g", by="eve")
        told = "\n".join([line async for line in app.conversations.export("w", form="markdown")])
        at = told.split("· ")[1].split(" UTC")[0]
        assert told.replace(at, "T") == (
            "# w\n\nA fork of u at place 3.\n\n**local** · T UTC\n\nHow heavy?\n\n"
            '**uses_tool** · T UTC\n\n*uses weigh*\n\n```\n{\n  "thing": "x"\n}\n```\n\n'
            '**uses_tool** · T UTC\n\n*weigh*\n\n```\n{\n  "grams": 12\n}\n```\n\n'
            "**eve** · T UTC, edited\n\n13 g"
        )


async def test_a_change_is_on_record_with_who_why_and_what(tmp_path: Path) -> None:
    clock = DrivenClock()
    async with App.open(tmp_path / "a.db", agents=[chat], clock=clock) as app:
        people = users(app)
        await people["ann"].run(chat, "one", conversation="u")
        await people["ann"].conversations.fork("u", "w", at=1)
        await people["boss"].conversations.redact("u", why="asked for")
        await people["boss"].conversations.delete("u", why="done")
        lines = [
            each async for each in app.reports.export(tenant="a", payloads=True) if "conversation." in each["workflow"]
        ]
        assert [
            (each["principal"], each["workflow"], each["said"]["conversation"], each["payload"])
            for each in lines if each["what"] == "started"
        ] == [
            ("ann", "podium.conversation.fork", "u", {"into": "w", "at": 1, "edited": False, "why": ""}),
            ("boss", "podium.conversation.redact", "u", {"messages": 2, "why": "asked for"}),
            ("boss", "podium.conversation.delete", "u", {"messages": 2, "why": "done"}),
        ]  # fmt: skip
        assert (await audit(app.worker.store)).faults == []
        with pytest.raises(NotAllowed):
            await people["boss"].conversations.delete("w", by="somebody")
        await clock.advance(10)
        assert await app.operations.retain(5, why="old") == 4
        assert (await audit(app.worker.store)).faults == []
        assert await texts(app.conversations, "w", tenant="a") == ["[redacted]"]


async def test_only_operators_redact_a_conversation_and_only_when_no_run_needs_it(tmp_path: Path) -> None:
    clock = DrivenClock()
    async with App.open(tmp_path / "a.db", agents=[chat, asks], clock=clock) as app:
        people = users(app)
        await people["ann"].run(chat, "one", conversation="u")
        run = await people["ann"].start(asks, "May I?", conversation="u")
        await clock.settle()
        [question] = await app.inbox.list()
        holder = (await people["boss"].conversations.get("u")).holder
        assert holder is not None
        assert (holder.run, holder.key, holder.question) == (run.id, "start", question.id)
        with pytest.raises(NotAllowed):
            await people["ann"].conversations.redact("u")
        with pytest.raises(
            NotPossible, match=f"run {run.id} has its turn .* waits for {question.id}: .*, and redact it"
        ):
            await people["boss"].conversations.redact("u")
        await people["ann"].inbox.answer(question.id, value=True)
        await run.result()
        await people["boss"].conversations.redact("u")
        assert await texts(people["ann"].conversations, "u") == ["[redacted]"] * 4
        assert await people["ann"].run(chat, "on", conversation="u") == "ON after 4"


async def test_a_run_is_not_redacted_while_another_may_read_what_it_said(tmp_path: Path) -> None:
    """Asked for, it is refused; by age, it is put off."""
    clock = DrivenClock()
    async with App.open(tmp_path / "a.db", agents=[chat, asks], clock=clock) as app:
        spoke = await app.start(chat, "one", conversation="u")
        await spoke.result()
        await app.conversations.fork("u", "w")
        other = await app.start(asks, "May I?", conversation="w")
        await clock.settle()
        with pytest.raises(NotPossible, match=f"run {other.id} has its turn in conversation 'w'.*, and redact it then"):
            await app.operations.redact(spoke.id, why="asked for")
        assert await texts(app.conversations, "u") == ["one", "ONE after 0"]
        await clock.advance(10)
        assert await app.operations.retain(5, why="old") == 1  # the record of the fork
        assert await texts(app.conversations, "u") == ["one", "ONE after 0"]
        await other.cancel()
        with pytest.raises(Exception, match="cancel"):
            await other.result()
        await clock.advance(10)
        assert await app.operations.retain(5, why="old") == 2
        for name in ("u", "w"):
            assert await texts(app.conversations, name) == ["[redacted]"] * 2


async def test_a_text_is_found_whatever_stands_before_it() -> None:
    before = ["\0", "a\0b \0", "\\u0000", "\\", "\\\0", "\\\\\0\\", '"\0"', "\n\t\x01", "😀\0"]
    async with App.open(":memory:") as app:
        for number, odd in enumerate(before):
            await app.run(chat, f"{odd} parcel {number} {odd}", conversation=f"u{number}")
        for number, odd in enumerate(before):
            name = f"u{number}"
            assert [each.name for each in await app.conversations.list(text=f"Parcel {number}")] == [name], odd
            assert {each.conversation for each in await app.conversations.search(f"Parcel {number}")} == {name}, odd
            if "\0" not in odd:
                looked_for = f"{odd} parcel {number} {odd}"
                assert [each.name for each in await app.conversations.list(text=looked_for)] == [name]
                assert len(await app.conversations.search(looked_for)) == 2
        for find in (app.conversations.search("a\0b"), app.conversations.list(text="a\0b"), app.runs.list(text="\0")):
            with pytest.raises(UsageError, match="without the character NUL"):
                await find
