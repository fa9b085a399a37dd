"""Which fleet an app has is a matter of settings alone, and what is wrong with them is told at once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from podium import App, Context, workflow
from podium.config import load_config
from podium.engine.fleet import Fleet
from podium.errors import ConfigError
from podium.fleets import opening
from podium.fleets.opening import register_fleet
from podium.fleets.request import FleetRequest
from podium.fleets.store import StoreFleet
from podium.model.fleet import FleetSettings
from podium.model.json import Json


@pytest.fixture
def only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(opening.OPENERS, "far", opening.OPENERS["store"])


@workflow
async def seven(ctx: Context) -> int:
    await ctx.sleep(0)
    return 7


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ('fleet = "far"', FleetSettings(kind="far")),
        ('[podium.fleet]\nkind = "far"', FleetSettings(kind="far")),
        ('[podium.fleet]\nkind = "far"\nspeed = 3', FleetSettings(kind="far", options={"speed": 3})),
        (
            '[podium.fleet]\nkind = "far"\n[podium.fleet.queues.mail]\nrate = 2',
            FleetSettings(kind="far", options={"queues": {"mail": {"rate": 2}}}),
        ),
    ],
)
def test_a_fleet_is_named_or_has_a_table_of_its_own(tmp_path: Path, text: str, settings: FleetSettings) -> None:
    (tmp_path / "podium.toml").write_text(f"[podium]\n{text}\n", encoding="utf-8")
    assert load_config(tmp_path, environment={}).fleet == settings
    assert load_config(tmp_path, environment={"PODIUM_FLEET": "other"}).fleet == FleetSettings(kind="other")
    assert load_config(tmp_path, environment={}, fleet={"kind": "near"}).fleet == FleetSettings(kind="near")


@pytest.mark.parametrize("wrong", [7, "", {}, {"speed": 3}, {"kind": ""}, {"kind": 7}, ["dbos"]])
def test_what_names_no_fleet_is_one_clear_error(tmp_path: Path, wrong: Json) -> None:
    with pytest.raises(ConfigError, match=r"an argument sets fleet to .*; expected the name of a fleet, such as"):
        load_config(tmp_path, environment={}, fleet=wrong)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("bus", r"^no fleet is known under the name 'bus'. Known: .*store"),
        (
            {"kind": "store", "rate": 3},
            r"^the options of the fleet 'store' are wrong: rate: Unexpected .* are: affinity_wait\.$",
        ),
    ],
)
async def test_a_fleet_that_cannot_be_had_is_one_clear_error(tmp_store: Path, settings: Json, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        async with App.open(tmp_store, fleet=settings):
            pass


class CountedFleet(StoreFleet):
    """One that tells what was asked of it."""

    def __init__(self, slots: int, calls: list[str]) -> None:
        super().__init__(slots)
        self.calls = calls

    def drain(self) -> None:
        self.calls.append("drain")

    async def close(self, left: object) -> None:
        self.calls.append(f"close {left}")


@pytest.mark.usefixtures("only_here")
@pytest.mark.parametrize("agents", [[seven], [7]])
async def test_a_fleet_that_was_registered_is_opened_used_and_closed(tmp_store: Path, agents: list[object]) -> None:
    requests, calls = list[FleetRequest](), list[str]()

    async def opened(request: FleetRequest) -> Fleet:
        requests.append(request)
        return CountedFleet(request.slots, calls)

    register_fleet("far", opened)
    options: Mapping[str, Json] = {"kind": "far", "speed": 3}
    wrong = agents != [seven]
    try:
        async with App.open(tmp_store, fleet=options, slots=3, queues=["mail"], lease=4.0) as app:
            app.register(*agents)  # pyright: ignore[reportArgumentType]
            assert await app.run(seven) == 7
    except Exception:  # noqa: BLE001 - it is closed all the same
        assert wrong
    else:
        assert not wrong
    (request,) = requests
    assert request.settings == FleetSettings(kind="far", options={"speed": 3})
    assert (request.address, request.slots, request.queues, request.lease) == (str(tmp_store), 3, ("mail",), 4.0)
    assert calls == ["drain", "close []", "close ()"]
