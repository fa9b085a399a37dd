"""`app.events`: who watches is told what they may see, in order, from wherever they go on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from podium import App, Context, Principal, agent, workflow
from podium.errors import InvalidValue, StoreUnavailable, UsageError
from podium.facade.events import event_filter
from podium.facade.scoped import ScopedApp
from podium.model.events import SystemEvent
from podium.services import event_reader
from podium.testing import CountingIds


@agent
async def work(text: str) -> str:
    return text


@workflow
async def plain(ctx: Context, text: str) -> str:
    return await ctx.call(work, text)


@workflow
async def ask(ctx: Context, text: str) -> str:
    return await ctx.ask(f"{text}?", answer=str, to="editors")


@workflow
async def family(ctx: Context, text: str) -> str:
    return await (await ctx.spawn(plain, text)).result()


@asynccontextmanager
async def opened(store: str | Path = ":memory:") -> AsyncGenerator[App]:
    async with App.open(store, agents=[plain, ask, family], ids=CountingIds()) as app:
        yield app


def user(who: str = "ann", *roles: str, tenant: str = "mine") -> Principal:
    return Principal(who=who, tenant=tenant, roles=frozenset(roles))


async def taken(events: AsyncIterator[SystemEvent], count: int) -> list[SystemEvent]:
    return [await anext(events) for _ in range(count)]


def said(events: Sequence[SystemEvent]) -> list[tuple[int, str, str]]:
    return [(each.position, each.type.value, each.run) for each in events]


async def positions(app: ScopedApp, upto: int, **filters: object) -> list[int]:
    """Return the positions of the events that somebody is told, of those up to a position."""
    seen: list[int] = []
    async with aclosing(app.events.stream(after=0, **filters)) as events:  # pyright: ignore[reportArgumentType]  by name
        while True:
            found = await anext(events)
            seen.append(found.position)
            if found.position >= upto:
                return seen


async def test_one_who_watches_is_told_what_happens_and_goes_on_where_they_stopped() -> None:
    async with opened() as app:
        async with aclosing(app.events.stream()) as events:
            first = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            handle = await app.start(plain, "one")
            await handle.result()
            assert said([await first, *await taken(events, 1)]) == [
                (1, "run_started", handle.id), (2, "run_ended", handle.id),
            ]  # fmt: skip
        other = await app.start(ask, "two")
        async with aclosing(app.events.stream(after=1)) as events:
            assert said(await taken(events, 3)) == [
                (2, "run_ended", handle.id), (3, "run_started", other.id), (4, "question_opened", other.id),
            ]  # fmt: skip
        assert await app.events.last() == 4


async def test_events_are_left_out_by_type_workflow_and_run() -> None:
    async with opened() as app:
        parent, alone = await app.start(family, "a"), await app.start(plain, "b")
        await parent.result()
        await alone.result()
        last = await app.start(ask, "c")
        async with aclosing(app.events.stream(after=0, run=last.id)) as events:
            end = (await taken(events, 2))[-1].position
        ended = await taken(app.events.stream(after=0, types=["run_ended"]), 3)
        assert {each.type.value for each in ended} == {"run_ended"}
        ours = await taken(app.events.stream(after=0, run=parent.id), 4)
        assert {each.root for each in ours} == {parent.id}
        assert len({each.run for each in ours}) == 2
        assert await positions(app, end, workflow="ask") == [end - 1, end]
        [asked] = await taken(app.events.stream(after=0, types="question_opened", workflow="ask"), 1)
        assert (asked.to, asked.tenant, asked.workflow) == ("editors", "default", "ask")


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        ({"types": ["ended"]}, InvalidValue, "no events of type 'ended'; expected some of gone, question_a"),
        ({"after": -1}, UsageError, "after is -1"),
        ({"workflow": 7}, UsageError, "workflow is 7"),
        ({"run": 7}, UsageError, "run is 7"),
    ],
)
async def test_a_filter_that_nothing_could_pass_is_refused(
    wrong: dict[str, object], error: type[Exception], match: str
) -> None:
    async with opened() as app:
        with pytest.raises(error, match=match):
            await anext(app.events.stream(**wrong))  # pyright: ignore[reportArgumentType]  wrong on purpose


async def test_everybody_is_told_of_what_they_may_see() -> None:
    async with opened() as app:
        mine, theirs = app.scoped(user()), app.scoped(user("bob", tenant="theirs"))
        await (await mine.start(plain, "a")).result()
        await (await theirs.start(plain, "b")).result()
        await theirs.start(ask, "b")
        await until(app, 6)
        await mine.start(ask, "a")
        await until(app, 8)
        [question] = (await mine.inbox.list()).items
        await app.scoped(user("eve", "editors")).inbox.answer(question.id, "yes")
        await until(app, 11)
        everything = list(range(1, 12))
        of_mine = [1, 2, 7, 8, 9, 10, 11]
        sees: dict[str, tuple[Principal, list[int]]] = {
            "ann": (user(), of_mine),
            "bob": (user("bob", tenant="theirs"), [3, 4, 5, 6]),
            "another": (user("cy", tenant="mine"), []),
            "viewer": (user("cy", "viewer"), of_mine),
            "operator": (user("cy", "operator"), of_mine),
            "editor": (user("cy", "editors"), [8, 9, 10]),
            "admin": (user("cy", "admin"), everything),
        }
        for name, (principal, wanted) in sees.items():
            assert await seen_by(app.scoped(principal), 11) == wanted, name
        assert await seen_by(app, 11) == everything


async def test_whoever_is_given_a_question_is_told_of_what_becomes_of_it() -> None:
    async with opened() as app:
        await app.scoped(user()).start(ask, "a")
        await until(app, 2)
        [question] = (await app.inbox.list()).items
        await app.inbox.comment(question.id, "Who knows?", by="ann")
        await app.inbox.reassign(question.id, "zoe", by="ann")
        await app.scoped(user("zoe")).inbox.answer(question.id, "yes")
        assert await seen_by(app.scoped(user("zoe")), 6) == [4, 5, 6]
        assert await seen_by(app.scoped(user("zoe", tenant="theirs")), 6) == []
        assigned, closed = await taken(
            app.scoped(user("zoe")).events.stream(after=0, types=["question_assigned", "question_closed"]), 2
        )
        assert (assigned.type, assigned.assignee, assigned.content) == ("question_assigned", "zoe", {"by": "ann"})
        assert (closed.assignee, closed.to) == ("zoe", "editors")


async def until(app: ScopedApp, position: int) -> None:
    """Return once there are so many events."""
    while await app.events.last() < position:
        await asyncio.sleep(0)


async def seen_by(app: ScopedApp, upto: int) -> list[int]:
    """Return the positions of the events that a user sees, of those up to a position, whoever they are of."""
    async with aclosing(app.events.batches(after=0, wanted=event_filter())) as batches:
        seen: list[int] = []
        async for events, position in batches:
            seen += [each.position for each in events]
            if position >= upto:
                break
    return seen


async def test_what_is_kept_no_more_is_told_as_gone_and_how_much_to_those_who_see_all() -> None:
    async with opened() as app:
        for n in range(4):
            await (await app.start(plain, str(n))).result()
        [*_, last] = await app.store.events.after(0, 100)
        await app.store.events.expire(last.at)
        [first, *_] = await app.store.events.after(0, 100)
        for scope, lost in ((app, first.position - 3), (app.scoped(user(tenant="default")), None)):
            [gone] = await taken(scope.events.stream(after=2), 1)
            assert (gone.type.value, gone.position, gone.content) == ("gone", first.position - 1, {"lost": lost})
        [gone, following] = await taken(app.events.stream(after=0), 2)
        assert gone.content == {"lost": first.position - 1}
        assert following == first


async def test_who_goes_on_after_what_a_restored_store_does_not_have_is_told_so() -> None:
    async with opened() as app:
        await (await app.start(plain, "a")).result()
        async with aclosing(app.events.stream(after=99)) as events:
            gone = await anext(events)
            assert (gone.type.value, gone.position, gone.content) == ("gone", 2, {"lost": None})
            await app.start(plain, "b")
            assert (await anext(events)).position == 3


async def test_a_viewer_that_is_far_behind_gets_all_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_reader, "_RECENT", 3)
    monkeypatch.setattr(event_reader, "_AT_ONCE", 2)
    async with opened() as app:
        async with aclosing(app.events.stream(after=0)) as slow, aclosing(app.events.stream(after=0)) as quick:
            await (await app.start(plain, "a")).result()
            seen = [(await anext(slow)).position]
            fast = [each.position for each in await taken(quick, 2)]
            for n in range(5):
                await (await app.start(plain, str(n))).result()
                fast += [each.position for each in await taken(quick, 2)]
            seen += [each.position for each in await taken(slow, 11)]
        assert seen == fast == list(range(1, 13))


async def test_the_store_is_asked_once_however_many_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as app:
        asked: list[int] = []
        after = app.store.events.after

        async def counted(position: int, limit: int) -> Sequence[SystemEvent]:
            asked.append(position)
            return await after(position, limit)

        monkeypatch.setattr(app.store.events, "after", counted)
        viewers = [app.events.stream() for _ in range(20)]
        firsts = [asyncio.ensure_future(anext(each)) for each in viewers]
        while not asked:
            await asyncio.sleep(0)
        asked.clear()
        await (await app.start(plain, "a")).result()
        assert {each.position for each in await asyncio.gather(*firsts)} == {1}
        assert {(await anext(each)).position for each in viewers} == {2}
        assert len(asked) <= 6  # each ring, and a look now and then
        for each in viewers:
            await each.aclose()


async def test_those_who_watch_have_had_all_when_the_app_is_closed() -> None:
    async with opened() as app:
        events = app.events.stream(after=0)
        await (await app.start(plain, "a")).result()
        seen = await taken(events, 2)
        rest = asyncio.ensure_future(anext(events, None))
        await asyncio.sleep(0)
    assert await rest is None
    assert [each.position for each in seen] == [1, 2]


async def test_one_process_is_told_of_what_another_one_does(tmp_store: Path) -> None:
    async with (
        opened(tmp_store) as one,
        App.open(tmp_store, ids=CountingIds("other")) as other,
        aclosing(other.events.stream()) as events,
    ):
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        handle = await one.start(plain, "a")
        assert (await first).run == handle.id


async def test_a_store_that_is_away_is_told_to_all_who_watch_and_read_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened() as app:
        viewers = [app.events.stream() for _ in range(2)]
        firsts = [asyncio.ensure_future(anext(each)) for each in viewers]
        await asyncio.sleep(0)
        with monkeypatch.context() as away:
            away.setattr(app.store.events, "after", refuse)
            handle = await app.start(plain, "a")
            for each in firsts:
                with pytest.raises(StoreUnavailable, match="away"):
                    await each
        await handle.result()
        async with aclosing(app.events.stream(after=0)) as events:
            assert [each.position for each in await taken(events, 2)] == [1, 2]


async def refuse(position: int, limit: int) -> Sequence[SystemEvent]:
    raise StoreUnavailable("the store is away")
