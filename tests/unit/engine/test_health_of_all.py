"""What one process finds of an agent holds for all on the store."""

import asyncio
from typing import Any

import pytest

from podium import Context, Task, agent, workflow
from podium.errors import CallFailed, StoreUnavailable, TransportFailed
from podium.model.breaker import Breaker, CircuitState
from podium.model.health import Health
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench

LATE = 1.0
"""Seconds after which another process has heard of it."""


class Service:
    """Something outside, on which an agent of each process depends."""

    def __init__(self, bench: Bench) -> None:
        self.up = True
        self.answers = asyncio.Event()
        self.answers.set()
        self._witness = bench.witness

    def agent(self, process: str, *, name: str = "search", usd: float = 0.01, **health: Any) -> Any:
        async def check() -> bool:
            self._witness.saw("checked", process)
            await self.answers.wait()
            return self.up

        @agent(name=name, capabilities={"search"}, usd=usd, health=Health(check=check, every=30.0, **health))
        async def search(_: Json) -> str:
            self._witness.saw("asked", process)
            return name

        return search


def asking(target: Any) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context) -> Json:
        try:
            return await ctx.call(target, None)
        except CallFailed as error:
            return error.type

    return asks


def checked(bench: Bench) -> list[str]:
    """Return in which processes checks were made."""
    return [process for line in bench.witness.lines() for word, process in [line.split()] if word == "checked"]


async def test_a_check_that_one_process_made_counts_in_the_other_too(bench: Bench) -> None:
    service = Service(bench)
    one, other = (asking(service.agent(process)) for process in ("one", "other"))
    async with bench.app(one) as first, bench.app(other) as second:
        assert [await first.run(one), await second.run(other)] == ["search", "search"]
        assert checked(bench) == ["one"]
        service.up = False
        await bench.clock.advance(30)
        assert [await second.run(other), await first.run(one)] == ["Unhealthy", "Unhealthy"]
        assert checked(bench) == ["one", "other"]
        assert await first.reports.health() == {("search", "1"): "its check says no"}


async def test_the_health_of_agents_is_told_by_a_process_that_never_called_them(bench: Bench) -> None:
    service = Service(bench)
    service.up = False
    one = asking(service.agent("one"))
    async with bench.app(one) as first, bench.app(service.agent("other")) as second:
        await first.run(one)
        assert await second.reports.health() == {("search", "1"): "its check says no"}


async def test_while_one_process_checks_others_go_by_what_was_found_before(bench: Bench) -> None:
    service = Service(bench)
    one, other = (asking(service.agent(process)) for process in ("one", "other"))
    async with bench.app(one) as first, bench.app(other) as second:
        await first.run(one)
        service.answers.clear()
        await bench.clock.advance(30)
        waits = await first.start(one)
        await bench.clock.settle()
        assert await second.run(other) == "search"
        assert checked(bench) == ["one"] * 2
        service.up = False
        service.answers.set()
        assert await waits.result() == "Unhealthy"
        await bench.clock.advance(LATE)
        assert await second.run(other) == "Unhealthy"


async def test_a_check_that_its_process_did_not_end_is_made_by_another(bench: Bench) -> None:
    service = Service(bench)
    one, other = (asking(service.agent(process, timeout=5.0)) for process in ("one", "other"))
    async with bench.app(other) as second:
        async with bench.app(one) as first:
            await first.run(one)
            service.answers.clear()
            await bench.clock.advance(30)
            await first.start(one)
            await bench.clock.settle()
        service.answers.set()
        service.up = False
        await bench.clock.advance(10)
        assert await second.run(other) == "Unhealthy"


async def test_the_router_of_another_process_leaves_out_who_is_ill_before_it_asks(bench: Bench) -> None:
    service, reserve = Service(bench), Service(bench)
    task = Task(capability="search")
    one = asking(service.agent("one"))
    other = asking(task)
    async with bench.app(one) as first, bench.app(
        other, service.agent("other"), reserve.agent("other", name="reserve", usd=0.05)
    ) as second:  # fmt: skip
        service.up = False
        assert await first.run(one) == "Unhealthy"
        assert await second.run(other) == "reserve"


async def test_the_router_of_another_process_leaves_out_whose_breaker_is_open(bench: Bench) -> None:
    breaker = Breaker(min_calls=1, failures=1.0, open_for=30.0)

    @agent(name="search", capabilities={"search"}, usd=0.01, breaker=breaker)
    async def fails(_: Json) -> str:
        bench.witness.saw("asked")
        raise TransportFailed("away")

    @agent(capabilities={"search"}, usd=0.05)
    async def reserve(_: Json) -> str:
        return "reserve"

    one, other = asking(fails), asking(Task(capability="search"))
    async with bench.app(one) as first, bench.app(other, fails, reserve) as second:
        await first.run(one)
        assert await second.reports.breakers() == {("search", "1"): CircuitState.OPEN}
        assert await second.run(other) == "reserve"
        assert bench.witness.count("asked") == 1


async def test_what_each_process_has_for_itself_each_checks_for_itself(bench: Bench) -> None:
    services = [Service(bench), Service(bench)]
    one, other = (
        asking(service.agent(process, shared=False))
        for service, process in zip(services, ("one", "other"), strict=True)
    )
    services[0].up = False
    async with bench.app(one) as first, bench.app(other) as second:
        assert [await first.run(one), await second.run(other)] == ["Unhealthy", "search"]


async def test_where_the_store_cannot_be_used_each_process_checks_for_itself(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(str(bench.path))
    assert store.states is not None

    async def broken(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(store.states, "get", broken)
    monkeypatch.setattr(store.states, "swap", broken)
    service = Service(bench)
    service.up = False
    one = asking(service.agent("one"))
    async with bench.app(one, store=store) as first:
        assert [await first.run(one) for _ in range(2)] == ["Unhealthy"] * 2
    assert "how other processes find search 1 is not known: the disk is full" in caplog.text
    assert bench.witness.count("checked") == 1
