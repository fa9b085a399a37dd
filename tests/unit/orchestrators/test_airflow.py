"""What an operator of Airflow does, with doubles of the few classes that it takes from there."""

import asyncio
import importlib
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from podium import App, Context, workflow
from podium.errors import UsageError

CONTEXT = {"ti": SimpleNamespace(dag_id="news", run_id="r", task_id="ask", map_index=-1)}
RUN = "airflow:news:r:ask:waits:k"


@workflow
async def waits(ctx: Context, day: str) -> str:
    return await ctx.signal("go", str)


@dataclass
class Deferred(Exception):
    """A task that is deferred."""

    trigger: Any


class Operator:
    """As far as it is used."""

    def __init__(self, **_: object) -> None: ...

    def defer(self, *, trigger: Any, method_name: str) -> None:
        assert method_name == "execute_complete"
        raise Deferred(trigger)


class Trigger:
    """As far as it is used."""


class Failed(Exception): ...


class FailedForGood(Failed): ...


def _as_said(event: Any) -> Any:
    return event


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    names: dict[str, dict[str, Any]] = {
        "airflow": {}, "airflow.sdk": {"BaseOperator": Operator, "get_current_context": lambda: CONTEXT},
        "airflow.sdk.exceptions": {"AirflowException": Failed, "AirflowFailException": FailedForGood},
        "airflow.triggers": {}, "airflow.triggers.base": {"BaseTrigger": Trigger, "TriggerEvent": _as_said},
    }  # fmt: skip
    for name, has in names.items():
        module = ModuleType(name)
        vars(module).update(has)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "podium.orchestrators.airflow.tasks", raising=False)
    yield importlib.import_module("podium.orchestrators.airflow.tasks")
    sys.modules.pop("podium.orchestrators.airflow.tasks", None)


def operator(tasks: Any, store: Path, **more: Any) -> Any:
    return tasks.PodiumOperator(
        task_id="ask", workflow=waits, store=str(store), input="monday", key="k", deferrable=True, **more
    )


def deferred(operator: Any) -> Any:
    """Have the task executed until it is deferred; returns its trigger, as the triggerer makes it again."""
    with pytest.raises(Deferred) as left:
        operator.execute(CONTEXT)
    path, made_of = left.value.trigger.serialize()
    assert path == "podium.orchestrators.airflow.tasks.PodiumTrigger"
    return type(left.value.trigger)(**made_of)


async def event(trigger: Any) -> Any:
    return await anext(aiter(trigger.run()))


def test_a_deferred_task_that_was_stopped_and_is_tried_again_waits_for_another_run(tasks: Any, tmp_path: Path) -> None:
    store = tmp_path / "podium.db"
    ask = operator(tasks, store, settings={"poll": 0.01})
    first = deferred(ask)
    assert (first.run_id, first.settings) == (RUN, {"poll": 0.01})

    async def stopped() -> Any:
        async with App.open(store, agents=[waits], poll=0.01):
            waiting = asyncio.create_task(event(first))  # of a try that came before the cancel came through
            await first.on_kill()
            return await waiting

    said = asyncio.run(stopped())
    assert (said["stopped"], said["for_good"]) == (True, True)
    with pytest.raises(Deferred) as left:
        ask.execute_complete(CONTEXT, said)
    assert left.value.trigger.run_id == f"{RUN}~2"

    async def ended() -> Any:
        async with App.open(store, agents=[waits], poll=0.01) as app:
            await (await app.handle(f"{RUN}~2")).signal("go", "done")
            return await event(left.value.trigger)

    assert ask.execute_complete(CONTEXT, asyncio.run(ended())) == "done"


def test_a_run_that_somebody_cancelled_fails_its_task_for_good(tasks: Any, tmp_path: Path) -> None:
    store = tmp_path / "podium.db"
    ask = operator(tasks, store)
    trigger = deferred(ask)

    async def cancelled() -> Any:
        async with App.open(store, agents=[waits], poll=0.01) as app:
            await (await app.handle(RUN)).cancel("not today")
            return await event(trigger)

    with pytest.raises(FailedForGood, match="not today"):
        ask.execute_complete(CONTEXT, asyncio.run(cancelled()))


def test_settings_that_the_triggerer_cannot_be_handed_are_a_mistake(tasks: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the setting ids of a deferrable PodiumOperator .* as JSON"):
        operator(tasks, tmp_path / "podium.db", settings={"ids": object()})
