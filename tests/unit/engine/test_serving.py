"""Who serves what on a store: each process says so, and hears when nobody would drive what it starts."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.errors import NotAllowed
from podium.facade.reader import Reader
from podium.model.json import Json
from podium.model.principal import Principal
from podium.model.serving import ServingWorker, why_unserved
from podium.store.sqlite.store import SqliteStore
from tests.unit.engine.bench import Bench


def desk(version: str = "1", name: str = "desk") -> Any:
    @workflow(name=name, version=version)
    async def desk(_: Context) -> str:
        return version

    return desk


@agent(version="3")
async def clerk(_: Json) -> str:
    return "filed"


async def said(bench: Bench, app: App, holds: Callable[[Sequence[ServingWorker]], object]) -> list[ServingWorker]:
    """Return what is served, once a condition holds for it."""

    async def is_so() -> bool:
        return bool(holds(await app.reports.serving()))

    await bench.clock.until(is_so)
    return list(await app.reports.serving())


async def test_each_process_says_what_it_serves_and_others_read_it(bench: Bench) -> None:
    async with bench.app(desk(), clerk, queues=["gpu"]) as one, bench.app(desk("2")) as other:
        found = await said(bench, one, lambda each: len(each) == 2)
        assert await other.reports.serving() == found
        mine = {each.worker: each for each in found}
        first, second = mine[one.worker.id], mine[other.worker.id]
        assert (first.queues, first.workflows, first.agents) == (["gpu"], {"desk": ["1"]}, {"clerk": ["3"]})
        assert (second.queues, second.workflows, second.agents) == (None, {"desk": ["2"]}, {})
        other.register(desk("3"))
        found = await said(bench, one, lambda each: each[-1].workflows == {"desk": ["3", "2"]})
    with_store = SqliteStore(str(bench.path))
    assert await Reader(with_store).reports.serving() == []
    with_store.close()


async def test_who_was_declared_dead_serves_nothing_and_is_forgotten(bench: Bench) -> None:
    store = SqliteStore(str(bench.path))
    store.workers.join("w_dead", bench.clock.now())
    assert store.states is not None
    assert await store.states.swap("serving:w_dead", b"", b'[null,{"desk":["1"]},{}]', now=0.0, until=1e12)
    assert [each.worker for each in await Reader(store).reports.serving()] == ["w_dead"]
    store.workers.leave("w_dead")
    assert await Reader(store).reports.serving() == []
    async with bench.app(desk()) as app:
        await said(bench, app, lambda each: len(each) == 1)

        async def is_forgotten() -> bool:
            assert store.states is not None
            return set(await store.states.named("serving:")) == {f"serving:{app.worker.id}"}

        await bench.clock.until(is_forgotten)
    assert await store.states.named("serving:") == {}
    store.close()


async def test_a_worker_that_goes_by_another_name_says_so(bench: Bench) -> None:
    async with bench.app(desk(), lease=0.4) as app:
        [before] = await said(bench, app, len)
        workers = app.store.workers
        workers.reap("w_other", workers.beats("w_other"))  # it finds out with its next beat, and begins anew
        [after] = await said(bench, app, lambda each: each and each[0].worker != before.worker)
        assert (after.worker, after.workflows) == (app.worker.id, before.workflows)


async def test_who_starts_a_run_that_nobody_serves_is_warned_once_and_sees_why(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    mine = desk()
    async with bench.app(mine, queues=["none"]) as starts, bench.app(desk(), queues=["mail"]) as serves:
        await said(bench, serves, lambda each: len(each) > 1)
        handles = [await starts.start(mine, queue="gpu") for _ in range(3)]
        await bench.clock.until(lambda: "waits for a process" in caplog.text)
        why = "no process serves the queue 'gpu'; served are 'mail', 'none'"
        assert [each.message for each in caplog.records if each.levelno == logging.WARNING] == [
            f"a run of desk 1 waits for a process: {why}"
        ]
        assert {await starts.reports.unserved(each.id) for each in handles} == {why}
        served = await starts.start(mine, queue="mail")
        assert await served.result() == "1"
        assert await starts.reports.unserved(served.id) == ""


async def test_of_the_processes_only_the_operator_is_told(bench: Bench) -> None:
    async with bench.app(desk()) as app:
        scoped = app.scoped(Principal(who="ann", tenant="acme"))
        with pytest.raises(NotAllowed, match="which all tenants share"):
            await scoped.reports.serving()


MAIL = ServingWorker(worker="w_1", queues=["mail"], workflows={"desk": ["1", "2"]}, agents={})
ALL = ServingWorker(worker="w_2", queues=None, workflows={"imports": ["1"]}, agents={})


@pytest.mark.parametrize(
    ("workflow", "version", "queue", "serving", "why"),
    [
        ("desk", "1", "mail", [MAIL], ""),
        (
            "desk",
            "1",
            "mail",
            [],
            "no process serves any workflow on this store. Start one: podium work FILE --forever",
        ),
        ("desk", "1", "gpu", [MAIL], "no process serves the queue 'gpu'; served are 'mail'"),
        ("desk", "1", "gpu", [MAIL, ALL], "no process that serves the queue 'gpu' has the workflow 'desk'"),
        ("desk", "3", "mail", [MAIL, ALL], "no process that serves the queue 'mail' has 'desk' 3; there is 1, 2"),
        ("imports", "1", "gpu", [MAIL, ALL], ""),
    ],
)
def test_it_is_told_what_is_missing(
    workflow: str, version: str, queue: str, serving: list[ServingWorker], why: str
) -> None:
    assert why_unserved(workflow, version, queue, serving) == why
