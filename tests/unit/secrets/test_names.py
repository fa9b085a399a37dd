"""Names: what comes from outside may have no secret in it, and a password that is a word changes none."""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from podium import App, Context, Principal, Steps, agent, workflow
from podium.agents.memory import Append, Delete, Get, Lock, Put, Remembered, Unlock, memory
from podium.agents.memory.requests import Request
from podium.config import Config
from podium.errors import CallFailed, InvalidValue
from podium.facade.conversations import Conversations
from podium.facade.handle import AnyHandle, RunHandle
from podium.facade.inbox import Inbox
from podium.facade.keys import ServerKeys
from podium.facade.operations import Operations
from podium.facade.scoped import ScopedApp
from podium.facade.webhooks import Webhooks
from podium.model.delegation import Delegation, DelegationSettings
from podium.model.facts.calls import Asked
from podium.model.run import RunState
from podium.operations.rotation import rotate
from podium.operations.signing import Signer
from podium.secrets.masking import MASKING
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench

SECRET = "k-7f3a9c55e1"
NAME = f"of {SECRET}"
WORD = "delivery"
WORDS = (
    "production", "Password", "CUSTOMER", "lieferung", "größeren", "\u0434\u043e\u0441\u0442\u0430\u0432\u043a\u0430",
    "配達通知書確認済",
)  # fmt: skip


@workflow
async def flow(ctx: Context, _: None = None) -> str:
    return await ctx.ask("Fine?", answer=str)


Ask = Callable[[App, AnyHandle, str], Awaitable[object]]
"""Asks an app, or a run of it that waits for an answer, with a name."""

HOOK = "env:PODIUM_TEST_HOOK"
REFUSED: dict[str, Ask] = {
    "start id": lambda app, _, name: app.start(flow, id=name),
    "start tag": lambda app, _, name: app.start(flow, tag=name),
    "start queue": lambda app, _, name: app.start(flow, queue=name),
    "start tenant": lambda app, _, name: app.start(flow, tenant=name),
    "start principal": lambda app, _, name: app.start(flow, principal=name),
    "start conversation": lambda app, _, name: app.start(flow, conversation=name),
    "signal name": lambda _, handle, name: handle.signal(name),
    "signal id": lambda _, handle, name: handle.signal("go", id=name),
    "answer by": lambda app, _, name: app.inbox.answer("q_1", "yes", by=name),
    "comment by": lambda app, _, name: app.inbox.comment("q_1", "Mind you.", by=name),
    "start affinity": lambda app, _, name: app.start(flow, affinity=name),
    "rate by": lambda _, handle, name: handle.rate(1.0, by=name),
    "link for_": lambda app, _, name: app.inbox.link("q_1", for_=name),
    "reassign to": lambda app, _, name: app.inbox.reassign("q_1", name),
    "reassign by": lambda app, _, name: app.inbox.reassign("q_1", by=name),
    "away by": lambda app, _, name: app.inbox.away("ada", None, by=name),
    "discard by": lambda app, handle, name: app.operations.discard(handle.id, why="old", by=name),
    "redact by": lambda app, handle, name: app.operations.redact(handle.id, why="old", by=name),
    "correct_budgets by": lambda app, handle, name: app.operations.correct_budgets(handle.id, why="old", by=name),
    "raise_budget by": lambda app, handle, name: app.operations.raise_budget(handle.id, usd=1.0, why="more", by=name),
    "drain_worker by": lambda app, _, name: app.operations.drain_worker(app.worker.id, why="old", by=name),
    "retain by": lambda app, _, name: app.operations.retain(1, why="old", by=name),
    "prune by": lambda app, _, name: app.operations.prune(1, why="old", by=name),
    "fork into": lambda app, _, name: app.conversations.fork("c", name),
    "fork by": lambda app, _, name: app.conversations.fork("c", "d", by=name),
    "redact by (conversation)": lambda app, _, name: app.conversations.redact("c", by=name),
    "delete by": lambda app, _, name: app.conversations.delete("c", by=name),
    "create name": lambda app, _, name: app.keys.create(name, who="bot"),
    "create who": lambda app, _, name: app.keys.create("ci", who=name),
    "create tenant": lambda app, _, name: app.keys.create("ci", who="bot", tenant=name),
    "create by": lambda app, _, name: app.keys.create("ci", who="bot", by=name),
    "rotate by": lambda app, _, name: app.keys.rotate("key_1", by=name),
    "revoke by": lambda app, _, name: app.keys.revoke("key_1", by=name),
    "end_sessions by": lambda app, _, name: app.keys.end_sessions("ann", by=name),
    "create name (webhook)": lambda app, _, name: app.webhooks.create(name, "https://a.example/", secret=HOOK),
    "create url": lambda app, _, name: app.webhooks.create("shop", f"https://a.example/{name}", secret=HOOK),
    "create tenant (webhook)": lambda app, _, name: app.webhooks.create(
        "shop", "https://a.example/", tenant=name, secret=HOOK
    ),
    "create workflows": lambda app, _, name: app.webhooks.create(
        "shop", "https://a.example/", workflows=[name], secret=HOOK
    ),
    "create by (webhook)": lambda app, _, name: app.webhooks.create("shop", "https://a.example/", by=name, secret=HOOK),
    "grant by": lambda app, _, name: app.delegations.grant(Delegation(by=name, to="x")),
    "grant to": lambda app, _, name: app.delegations.grant(Delegation(by="x", to=name)),
    "grant tenant": lambda app, _, name: app.delegations.grant(Delegation(by="x", to="y", tenant=name)),
}
"""Every name that is stored: the field that the error names is the last word before a bracket."""

LOOKED_FOR = {
    "start workflow", "repin run_id", "repin version", "repin from_key", "repin_all workflow", "repin_all version",
    "repin_all to", "fork run_id", "fork key", "fork name", "fork tenant", "discard run_id", "redact run_id",
    "redact name", "redact tenant", "delete name", "delete tenant", "retry run_id", "requeue runs", "handle run_id",
    "answer question_id", "comment question_id", "reassign question_id", "away person", "away tenant",
    "link question_id", "linked token", "rate key",
    "backup path", "run workflow", "correct_budgets run_id",
    "correct_budgets key", "raise_budget run_id", "drain_worker worker", "rotate key", "revoke key", "list tenant",
    "end_sessions who", "end_sessions tenant", "sessions tenant", "list cursor", "sessions cursor",
    "get webhook", "change webhook", "rotate webhook", "delete webhook", "ping webhook", "deliveries webhook",
    "deliveries cursor", "delivery webhook", "delivery delivery", "redeliver webhook", "redeliver delivery",
    "change name", "change url",  # as `create` does, of one that is there
}  # fmt: skip
"""What is only looked for: it is stored already, or found nowhere."""

TEXTS = {
    "fork edit", "fork why", "redact why", "delete why", "discard why", "retain why", "prune why", "cancel reason",
    "comment text", "rate comment", "reassign why", "correct_budgets why", "raise_budget why", "drain_worker why",
    "lead_links_to url", "start allow", "retain seconds", "prune older_than", "start within",
    "link within", "create expires_in", "rotate grace",
    "create types", "create secret", "change types", "change workflows", "rotate secret", "deliveries state",
    "comment once", "reassign once", "rate once", "fork once", "raise_budget once", "correct_budgets once",
    "create once",
    "create roles", "create workflows",  # a Principal is made of them, which looks at each
}  # fmt: skip
"""What is masked, as it is text, or becomes a number, or part of an id, by its hash."""


def texts_taken() -> Iterator[str]:
    """Give each parameter that takes a text, of whatever changes something for users."""
    for owner in (ScopedApp, RunHandle, Inbox, ServerKeys, Operations, Conversations, Webhooks):
        for name, method in vars(owner).items():
            if name.startswith("_") or not inspect.iscoroutinefunction(method):
                continue
            hints = get_type_hints(method)
            for parameter in inspect.signature(method).parameters:
                if "str" in str(hints.get(parameter, "")):
                    yield f"{name} {parameter}"


def test_every_text_that_changes_something_is_looked_at() -> None:
    known = {each.partition(" (")[0] for each in REFUSED} | LOOKED_FOR | TEXTS
    assert set(texts_taken()) - known == set()


@pytest.mark.parametrize("what", REFUSED)
async def test_a_name_with_a_secret_in_it_is_refused_by_its_field(what: str, bench: Bench) -> None:
    config = Config(delegation=DelegationSettings(key="d" * 8 + "-0123456789abcdef0123456789"))
    async with bench.app(flow, config=config) as app:
        handle = await app.start(flow)
        MASKING.learn(SECRET, "env:DOOR")
        with pytest.raises(InvalidValue, match="has the secret env:DOOR in it") as refused:
            await REFUSED[what](app, handle, NAME)
        field = what.partition(" (")[0].split()[-1].replace("by", "whoever acts|by").replace("into", "fork")
        assert any(each in str(refused.value).partition(" has ")[0] for each in field.split("|"))
        assert SECRET not in str(refused.value)
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in bench.path.parent.iterdir())


@pytest.mark.parametrize("field", ["who", "tenant", "roles", "workflows"])
def test_a_principal_is_not_called_by_a_secret(field: str) -> None:
    MASKING.learn(SECRET, "env:DOOR")
    named: dict[str, Any] = {
        "who": "ann",
        "tenant": "shop",
        field: {NAME} if field == "roles" else [NAME] if field == "workflows" else NAME,
    }
    with pytest.raises(InvalidValue, match="env:DOOR"):
        Principal(**named)


@pytest.mark.parametrize("wanted", [Put(NAME, 1), Append(NAME, 1), Lock(NAME), Unlock(NAME, 1)])
async def test_a_key_of_the_memory_with_a_secret_in_it_is_refused(wanted: Request, bench: Bench) -> None:
    MASKING.learn(SECRET, "env:DOOR")
    notes = memory()

    @workflow
    async def remembers(ctx: Context) -> str:
        try:
            await ctx.call(notes, wanted)
        except CallFailed as error:
            await ctx.call(notes, Delete(NAME))  # what is there from before can be looked for, and deleted
            assert await ctx.call(notes, Get(NAME)) == Remembered("of ***", None, 0)
            return str(error)
        return "kept"

    async with bench.app(remembers) as app:
        assert "the key of the memory has the secret env:DOOR in it" in await app.run(remembers)
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in bench.path.parent.iterdir())


def test_that_a_secret_is_a_word_is_told(caplog: pytest.LogCaptureFixture) -> None:
    MASKING.learn(WORD, "env:DOOR")
    assert "the secret env:DOOR is an ordinary word" in caplog.text
    assert WORD not in caplog.text
    assert (MASKING.text(f"my {WORD}"), MASKING.names(WORD), MASKING.secret_in(WORD)) == ("my ***", WORD, None)


def test_a_key_is_no_word(caplog: pytest.LogCaptureFixture) -> None:
    for each in (SECRET, "correct-horse-battery", "aGVsbG8gd29ybGQ", "qwrtzpsdf", "abcdefghijklmnop", "12345678"):
        MASKING.learn(each, "env:DOOR")
        assert MASKING.secret_in(f"x{each}") == "env:DOOR"
    assert "ordinary word" not in caplog.text


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("known_first", [True, False])
async def test_names_that_replay_compares_are_the_same_whether_a_word_is_secret(
    word: str, bench: Bench, *, known_first: bool
) -> None:
    done: list[str] = []

    async def effect() -> str:
        done.append("step")
        return "done"

    @agent(name=word, capabilities={word})
    async def named(text: str, steps: Steps) -> str:
        return await steps.once(word, effect, key=word, effects="once")

    @workflow(name=f"{word}-flow")
    async def below(ctx: Context, _: None = None) -> str:
        return str(await ctx.signal(word))

    notes = memory()

    @workflow(name=f"{word}-top")
    async def top(ctx: Context, _: None = None) -> list[str]:
        [card] = await ctx.find(word)
        said = [await ctx.call(card.name, "in words")]
        await ctx.once(word, effect)
        await ctx.call(notes, Put(word, 1))
        child = await ctx.spawn(below, None)
        ctx.changed(word)
        said += [await ctx.signal(word), await child.result(), card.name]
        answer = await ctx.ask(f"Is {word} fine?", subject={word: word}, to=word, answer=str)
        return [*said, answer]

    if known_first:
        MASKING.learn(word, "env:DOOR")
    async with bench.app(top, below, named) as app:
        handle = await app.start(top, None, tag=word, tenant=word, principal=word, queue=word)
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.PARKED
    MASKING.forget()
    if not known_first:
        MASKING.learn(word, "env:DOOR")
    async with bench.app(top, below, named) as app:
        for run in await app.runs.list():
            await (await app.handle(run.id)).signal(word, "sent")
        await bench.clock.settle()
        handle = await app.handle(handle.id)
        assert (await handle.status()).state is RunState.PARKED, (await handle.status()).reason
    MASKING.forget()
    if known_first:
        MASKING.learn(word, "env:DOOR")
    async with bench.app(top, below, named) as app:
        [question] = await app.inbox.list()
        assert question.ask.to == word
        said = ["done", "sent", "sent", "***" if known_first else word, "yes"]
        await app.inbox.answer(question.id, "yes", by=word)
        assert await (await app.handle(handle.id)).result() == said
        assert done == ["step", "step"]


async def test_an_input_is_the_recorded_one_whatever_was_secret_then(bench: Bench) -> None:
    @agent
    async def takes(value: dict[str, str]) -> str:
        return "taken"

    @workflow
    async def hands(ctx: Context, _: None = None) -> str:
        await ctx.call(takes, {"with": f"the key {SECRET} of the door", SECRET: "x"})
        await ctx.ask(f"Is {SECRET} fine?", subject=SECRET, answer=str, within=100, default="late")
        return await ctx.call(takes, {"other": "thing"})

    for first, then in ((True, False), (False, True)):
        if first:
            MASKING.learn(SECRET, "env:DOOR")
        run = await bench.parked(hands)
        MASKING.forget()
        if then:
            MASKING.learn(SECRET, "env:DOOR")
        ended = await bench.ended(run, hands, seconds=200)
        assert ended.state is RunState.DONE, ended.reason
        MASKING.forget()


def test_what_a_key_change_signs_is_the_same_whatever_is_secret(tmp_path: Path) -> None:
    old, new = (Signer(Signer.new()[0]) for _ in range(2))
    store = SqliteStore(str(tmp_path / "podium.db"))
    try:
        change, _ = rotate(store.ledger, old, new, now=lambda: 1.0, by="ann", why=f"it was {SECRET}")
        before = change.said
        MASKING.learn(SECRET, "env:DOOR")
        assert change.said == before
        with pytest.raises(InvalidValue, match="whoever acts has the secret env:DOOR in it"):
            rotate(store.ledger, new, Signer(Signer.new()[0]), now=lambda: 2.0, by=NAME, why="old")
        later, _ = rotate(store.ledger, new, Signer(Signer.new()[0]), now=lambda: 2.0, by="ann", why=f"it was {SECRET}")
        assert later.why == "it was ***"
    finally:
        store.close()


async def test_a_redaction_leaves_the_names_that_were_there(bench: Bench) -> None:
    @agent(name=WORD)
    async def named(text: str) -> str:
        return text

    @workflow
    async def calls(ctx: Context, _: None = None) -> str:
        return await ctx.call(named, "in words")

    async with bench.app(calls, named) as app:
        handle = await app.start(calls)
        await handle.result()
        MASKING.learn(WORD, "env:DOOR")
        assert await app.operations.redact(handle.id, why=f"about {WORD}") == 1
        [asked] = [said for fact in await handle.facts() if isinstance(said := fact.content, Asked)]
        assert asked.agent == WORD
        assert not any(await app.reports.verify(handle.id))
