"""Runs with an affinity in one process: driven as all others, but not before the store said whose turn it is."""

from pathlib import Path

import pytest

from podium import App, Config, Context, workflow
from podium.errors import ConfigError, UsageError
from podium.fleets.store import StoreFleet
from podium.model.fleet import FleetSettings
from podium.store.operations import Placed


@workflow
async def double(ctx: Context, n: int) -> int:
    return 2 * n


@workflow
async def family(ctx: Context, n: int) -> int:
    child, other = await ctx.spawn(double, n), await ctx.spawn(double, n, affinity="theirs")
    return await child.result() + await other.result()


@pytest.mark.parametrize("place", ["podium.db", ":memory:"])
async def test_a_run_with_an_affinity_is_driven_where_there_is_one_worker(place: str, tmp_path: Path) -> None:
    path = place if place == ":memory:" else str(tmp_path / place)
    async with App.open(path, agents=[double]) as app:
        assert [await app.run(double, n, affinity="c") for n in range(3)] == [0, 2, 4]


async def test_child_runs_have_the_affinity_of_their_parent_unless_they_are_given_another(tmp_path: Path) -> None:
    async with App.open(str(tmp_path / "podium.db"), agents=[double, family]) as app:
        handle = await app.start(family, 1, affinity="c")
        assert await handle.result() == 4
        runs = await app.runs.list(workflow="double")
        assert {run.affinity for run in runs.items} == {"c", "theirs"}


async def test_an_affinity_that_is_no_name_is_a_mistake() -> None:
    async with App.open(":memory:", agents=[double]) as app:
        with pytest.raises(UsageError, match="affinity"):
            await app.start(double, 1, affinity="")


async def test_a_wait_that_is_no_time_is_a_mistake_of_the_settings() -> None:
    config = Config(fleet=FleetSettings(options={"affinity_wait": "soon"}))
    with pytest.raises(ConfigError, match="affinity_wait"):
        async with App.open(":memory:", config=config):
            raise AssertionError("it opens")


def test_what_may_be_meant_for_another_is_not_queued_before_the_store_told_so() -> None:
    fleet = StoreFleet(5, affinity_wait=1.0)
    fleet.place([Placed(1, 0, sticky=True)])
    assert fleet.reserve("default")  # nobody waits for a slot
    fleet.recover([Placed(1, 0)])
    assert not fleet.reserve("default")


def test_where_nothing_is_left_to_others_everything_is_queued() -> None:
    fleet = StoreFleet(5)
    fleet.place([Placed(1, 0, sticky=True)])
    assert not fleet.reserve("default")
