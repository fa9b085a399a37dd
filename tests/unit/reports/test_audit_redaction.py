"""What a redacted run was given, said and gave is gone; that it took place, who decided and what it cost is not."""

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessage, ToolReturnPart, UserPromptPart

from podium import App, Approval, Context, ConversationTurn, agent, human, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import NotPossible, RunFailed, UnknownRun
from podium.model.audit import AuditSettings
from podium.model.conversation_state import ConversationMessage
from podium.model.fact import FactKind
from podium.model.facts.waits import QuestionAnswered
from podium.model.run import RunState
from podium.operations.signing import Checker, Signer
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock
from podium.testing.model import ScriptedModel, Use

SECRET, PUBLIC = Signer.new()
HIDDEN = b"classified"
BIG = "classified " * 5_000
boss = human("boss", text="Is classified well?", answer=str)


@agent
async def say(text: str) -> str:
    return f"{text} {BIG}"


@workflow
async def child(ctx: Context, text: str) -> str:
    return (await ctx.call(say, text))[:20]


@workflow
async def family(ctx: Context, text: str) -> str:
    started = await ctx.spawn(child, text)
    await ctx.once("note", lambda: f"{text} noted")
    return await started.result() + await ctx.call(boss, None)


@workflow
async def fails(ctx: Context, text: str) -> str:
    raise ValueError(text)


@workflow
async def waits(ctx: Context, text: str) -> None:
    await ctx.sleep(1_000_000)


@workflow
async def mother(ctx: Context, text: str) -> None:
    await ctx.spawn(child, text)
    await ctx.sleep(1_000_000)


@workflow
async def leaves(ctx: Context, text: str) -> None:
    await ctx.spawn(waits, text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
async def app(path: Path, clock: DrivenClock) -> AsyncGenerator[App]:
    async with App.open(path, agents=[family, child, fails, waits, mother], clock=clock) as app:
        yield app


async def done(app: App, clock: DrivenClock, id: str = "r") -> None:
    handle = await app.start(family, "classified", id=id)
    await clock.settle()
    [question] = await app.inbox.list(run=id)
    await app.inbox.answer(question.id, "classified", by="ann")
    await handle.result()


def holders(path: Path, what: bytes = HIDDEN) -> list[str]:
    """Return the files of a store in which there is something of what is to be hidden."""
    return [each.name for each in path.parent.iterdir() if what in each.read_bytes()]


async def faults(path: Path, public: str = PUBLIC) -> list[str]:
    store = SqliteStore(str(path))
    try:
        return [fault.what for fault in (await audit(store, checker=Checker(public))).faults]
    finally:
        store.close()


async def test_nothing_of_a_redacted_run_is_left_in_the_file(app: App, path: Path, clock: DrivenClock) -> None:
    await done(app, clock)
    assert holders(path)
    assert await app.operations.redact("r", by="ann", why="asked for") == 2
    assert holders(path) == []


@workflow
async def converses(ctx: Context, text: str) -> int:
    said = [text]
    for turn in range(12):
        said.append((await ctx.call(echoes, [f"{turn}: {text}", *said]))[:1_500])
    return len(said)


@agent
async def echoes(said: list[str]) -> str:
    return f"{len(said)} {said[-1]}"


async def test_nothing_is_left_of_what_a_redacted_run_quoted_of_itself(app: App, path: Path) -> None:
    kept, gone = "harmless " * 200, "classified " * 200
    others = [await app.start(converses, kept) for _ in range(2)]
    redacted = await app.start(converses, gone)
    for each in (*others, redacted):
        await each.result()
    before = [[fact.payload for fact in await app.runs.facts(each.id)] for each in others]
    assert any(stored.startswith(b"\0") for stored in stored_payloads(path))
    assert holders(path)
    assert await app.operations.redact(redacted.id, by="ann", why="asked for") == 1
    assert holders(path) == []
    assert [[fact.payload for fact in await app.runs.facts(each.id)] for each in others] == before
    assert await faults(path) == []


async def test_a_quoted_text_that_was_changed_shows_in_each_fact_that_quotes_it(app: App, path: Path) -> None:
    handle = await app.start(converses, "harmless " * 200)
    await handle.result()
    with closing(sqlite3.connect(path)) as db:
        forge = "UPDATE facts SET payload = CAST(REPLACE(payload, 'harmless', 'harmful!') AS BLOB) WHERE kind = 1"
        db.execute(forge)
        db.commit()
    found = await app.reports.verify(handle.id)
    assert len(found) > 5
    assert found[0].seq == 0


def stored_payloads(path: Path) -> list[bytes]:
    with closing(sqlite3.connect(path)) as db:
        return [payload for (payload,) in db.execute("SELECT payload FROM facts WHERE payload IS NOT NULL")]


async def test_answers_kept_of_a_redacted_run_are_gone_too(app: App, path: Path) -> None:
    @agent(cache=3600.0)
    async def knows(text: str) -> str:
        return f"{text}!"

    @workflow
    async def asks(ctx: Context, text: str) -> None:
        await ctx.call(knows, text)

    handle = await app.start(asks, "classified")
    await handle.result()
    assert await app.operations.redact(handle.id, by="ann", why="asked for") == 1
    assert holders(path) == []


async def test_the_chains_of_a_redacted_run_and_its_children_hold(app: App, path: Path, clock: DrivenClock) -> None:
    await done(app, clock)
    await app.operations.redact("r", by="ann", why="asked for")
    assert (await app.reports.verify("r"), await app.reports.verify("r.0")) == ([], [])
    assert await faults(path) == []


async def test_who_did_what_and_who_decided_is_still_told(app: App, clock: DrivenClock) -> None:
    await done(app, clock)
    before = await app.runs.facts("r")
    await app.operations.redact("r", by="ann", why="asked for")
    *facts, redacted = await app.runs.facts("r")
    assert [(fact.kind, fact.key, fact.at) for fact in facts] == [(fact.kind, fact.key, fact.at) for fact in before]
    assert all(fact.payload is None for fact in facts)
    assert {fact.body["agent"] for fact in facts if fact.kind is FactKind.ASKED} == {"note", "human-boss"}
    assert [[each["by"] for each in fact.body["answers"]] for fact in facts if "answers" in fact.body] == [["ann"]]
    assert (redacted.kind, redacted.body["by"], redacted.body["why"]) == (FactKind.REDACTED, "ann", "asked for")


@pytest.mark.parametrize("approved", [True, False])
async def test_a_redacted_approval_is_the_decision_that_it_was(app: App, clock: DrivenClock, *, approved: bool) -> None:
    @workflow
    async def asks(ctx: Context) -> bool:
        return (await ctx.ask(Approval("classified?"))).approved

    handle = await app.start(asks)
    await clock.settle()
    [question] = await app.inbox.list(run=handle.id)
    await app.inbox.answer(question.id, {"approved": approved, "comment": "classified"}, by="ann")
    assert await handle.result() is approved
    await app.operations.redact(handle.id, by="ann", why="asked for")
    told = [said for fact in await app.runs.facts(handle.id) if isinstance(said := fact.content, QuestionAnswered)]
    assert [(each.by, each.value) for each in told[0].answers] == [("ann", {"approved": approved})]


async def test_what_a_redacted_run_cost_and_how_its_agents_did_is_still_counted(app: App, clock: DrivenClock) -> None:
    await done(app, clock)
    before = (await app.reports.costs(by="agent"), await app.store.records())
    await app.operations.redact("r", by="ann", why="asked for")
    assert (await app.reports.costs(by="agent"), await app.store.records()) == before


async def test_a_run_that_has_not_ended_is_not_redacted(app: App, clock: DrivenClock) -> None:
    await app.start(waits, "classified", id="r")
    await clock.settle()
    with pytest.raises(NotPossible, match="run r is parked: only a run that has ended can be redacted"):
        await app.operations.redact("r", by="ann", why="")
    with pytest.raises(UnknownRun):
        await app.operations.redact("nobody", by="ann", why="")


async def test_a_run_whose_child_has_not_ended_is_not_redacted(app: App, clock: DrivenClock) -> None:
    handle = await app.start(leaves, "classified", id="r")
    await handle.result()
    await clock.settle()
    with pytest.raises(NotPossible, match=r"its child run r\.0 is parked"):
        await app.operations.redact("r", by="ann", why="")
    assert (await app.runs.facts("r"))[0].value() == "classified"


async def test_redacting_again_changes_nothing(app: App, clock: DrivenClock) -> None:
    await done(app, clock)
    await app.operations.redact("r", by="ann", why="asked for")
    before = await app.runs.facts("r")
    assert await app.operations.redact("r", by="bob", why="again") == 0
    assert await app.runs.facts("r") == before


async def test_a_redacted_run_cannot_go_on_and_says_why(app: App, clock: DrivenClock) -> None:
    await done(app, clock)
    failed = await app.start(fails, "classified", id="f")
    with pytest.raises(RunFailed):
        await failed.result()
    for run in ("r", "f"):
        await app.operations.redact(run, by="ann", why="asked for")
    with pytest.raises(NotPossible, match="run f was redacted by ann: what it recorded is gone"):
        await app.operations.retry("f")
    with pytest.raises(NotPossible, match="run r was redacted by ann: what it recorded is gone"):
        await app.operations.fork("r", "1")
    with pytest.raises(NotPossible, match="run r was redacted by ann: what it gave is gone"):
        await (await app.handle("r")).result()
    with pytest.raises(RunFailed, match=r"run f failed: ValueError$"):
        await failed.result()
    assert (await (await app.handle("f")).status()).state is RunState.FAILED
    [letter] = await app.reports.dead_letters()
    assert letter.error == "ValueError"


async def test_what_is_said_of_a_redacted_dead_letter_can_be_redacted_too(app: App, path: Path) -> None:
    failed = await app.start(fails, "classified", id="f")
    with pytest.raises(RunFailed):
        await failed.result()
    assert await app.operations.redact("f", by="ann", why="asked for") == 1
    await app.operations.discard("f", by="ann", why="classified")
    assert await app.operations.redact("f", by="ann", why="again") == 1
    assert await app.reports.verify("f") == []
    assert holders(path) == []
    assert await faults(path) == []


async def test_a_large_payload_stays_as_long_as_another_run_has_it(app: App, clock: DrivenClock) -> None:
    for run in ("one", "other"):
        await (await app.start(child, "same", id=run)).result()
    await app.operations.redact("one", by="ann", why="")
    assert b"classified" in ((await app.runs.facts("other"))[2].payload or b"")
    await app.operations.redact("other", by="ann", why="")
    assert app.store.ledger.forged_blobs() == 0
    assert [run for run, _ in app.store.ledger.lost_blobs()] == []


async def test_runs_are_redacted_that_ended_long_ago_with_all_that_started_them(app: App, clock: DrivenClock) -> None:
    await done(app, clock, "old")
    await app.start(mother, "classified", id="alive")
    await clock.advance(1_000)
    await done(app, clock, "new")
    assert await app.operations.retain(500, by="ann", why="retention") == 2
    gone = [run.id for run in await app.runs.list() if (await app.runs.facts(run.id))[-1].kind is FactKind.REDACTED]
    assert sorted(gone) == ["old", "old.0"]
    assert await app.operations.retain(500, by="ann", why="retention") == 0


async def test_a_redaction_is_signed_with_the_key_of_the_audit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_KEY", SECRET)
    async with App.open(path, agents=[child], audit=AuditSettings(key="env:AUDIT_KEY")) as app:
        await (await app.start(child, "classified", id="r")).result()
        await app.operations.redact("r", by="ann", why="asked for")
    assert await faults(path) == []
    other = Signer.new()[1]
    assert "the signature of its redaction was not made with this key" in await faults(path, other)


async def test_without_a_key_it_is_said_that_nobody_can_tell_who_redacted(app: App, path: Path) -> None:
    await (await app.start(child, "classified", id="r")).result()
    await app.operations.redact("r", by="ann", why="asked for")
    store = SqliteStore(str(path))
    found = await audit(store, checker=Checker(PUBLIC))
    store.close()
    assert (found.faults, found.redacted) == ([], 1)
    assert "run r: it was redacted without a key, so nobody can tell by whom" in found.unproved


def tool_then_answer(messages: Sequence[ModelMessage]) -> str | Use:
    match messages[-1].parts[-1]:
        case UserPromptPart(content=str(asked)):
            return Use("look", {"what": asked})
        case ToolReturnPart(content=str(found)):
            return found
        case other:
            raise AssertionError(other)


def look(what: str) -> str:
    return f"found {what} {'and more ' * 400}"


chatter = llm_agent("chatter", model=ScriptedModel(tool_then_answer), instructions="Be short.", tools=[look])


@workflow
async def chats(ctx: Context, text: str) -> str:
    return await ctx.call(chatter, text, conversation=ctx.conversation)


@workflow
async def holds(ctx: Context, text: str) -> str:
    return await ctx.signal("go", str)


async def test_nothing_is_left_of_what_a_redacted_run_said_in_conversations(
    app: App, path: Path, clock: DrivenClock
) -> None:
    run = await app.start(chats, "classified", conversation="u")
    await run.result()
    holder = await app.start(holds, "mine", conversation="u")
    await app.run(chats, "harmless", conversation=ConversationTurn("u", busy="fork"))
    await holder.signal("go", "yours")
    await holder.result()
    [aside] = await app.conversations.list(prefix="u~")
    before = {name: await app.conversations.messages(name) for name in ("u", aside.name)}
    assert holders(path)
    assert await app.operations.redact(run.id, by="ann", why="asked for") == 1
    assert holders(path) == []
    for name, messages in before.items():
        said = await app.conversations.messages(name)
        assert [(each.place, each.author, each.run, each.message["kind"]) for each in said] == [
            (each.place, each.author, each.run, each.message["kind"]) for each in messages
        ]
        own = [(each, old) for each, old in zip(said, messages, strict=True) if each.run != run.id]
        assert own
        assert all(each == old for each, old in own)
    assert "harmless" in await app.run(chats, "harmless", conversation="u")
    assert await faults(path) == []
    await clock.advance(10)
    assert await app.operations.retain(5.0, by="ann", why="old") == 3
    assert holders(path, b"harmless") == []
    assert {_text(each) for each in await app.conversations.messages("u")} == {"[redacted]", None}


def _text(said: ConversationMessage) -> str | None:
    return said.message["parts"][0].get("content")
