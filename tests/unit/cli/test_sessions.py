"""`podium sessions`: who is signed in, and signing somebody out who lost a telephone."""

import asyncio
import json
from pathlib import Path

from podium import App
from podium.model.principal import Principal
from tests.unit.cli.in_process import podium


async def sign_in(store: str) -> None:
    async with App.open(store) as app:
        for who, tenant in (("ann", "default"), ("ann", "default"), ("ann", "acme"), ("bob", "default")):
            await app.keys.remembering().begin(Principal(who=who, tenant=tenant, roles={"operator"}), lasts=3_600)


def sessions(store: str, *arguments: str) -> str:
    printed = podium("sessions", *arguments, "--store", store)
    assert not printed.status, printed.err
    return printed.out


def test_whoever_lost_a_telephone_is_signed_out_of_all_browsers_of_the_tenant(tmp_path: Path) -> None:
    store = str(tmp_path / "podium.db")
    asyncio.run(sign_in(store))
    listed = json.loads(sessions(store, "list", "--json"))
    assert sorted((each["who"], each["tenant"], *each["roles"]) for each in listed) == [
        ("ann", "acme", "operator"), ("ann", "default", "operator"), ("ann", "default", "operator"),
        ("bob", "default", "operator"),
    ]  # fmt: skip
    assert "SIGNED IN" in sessions(store, "list", "--tenant", "acme")
    assert sessions(store, "end", "ann", "--by", "root") == "ann is signed out of 2 browsers\n"
    assert json.loads(sessions(store, "end", "ann", "--json")) == {"who": "ann", "tenant": "default", "ended": 0}
    left = json.loads(sessions(store, "list", "--json"))
    assert sorted((each["who"], each["tenant"]) for each in left) == [("ann", "acme"), ("bob", "default")]
    assert sessions(store, "end", "ann", "--tenant", "acme") == "ann is signed out of 1 browser\n"
    assert sessions(store, "list", "--tenant", "acme") == "no browser is signed in\n"
