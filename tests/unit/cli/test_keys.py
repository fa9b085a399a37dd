"""`podium keys`: a key is shown once, and then by its id alone."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.in_process import podium


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "podium.db")


def keys(store: str, *arguments: str) -> str:
    printed = podium("keys", *arguments, "--store", store)
    assert not printed.status, printed.err
    return printed.out


def test_a_key_is_printed_once_listed_rotated_and_revoked(store: str) -> None:
    secret = keys(
        store, "create", "ci", "--who", "bot", "--tenant", "acme", "--role", "operator", "--workflow", "desk",
        "--expires", "90d", "--by", "ann",
    ).strip()  # fmt: skip
    [listed] = json.loads(keys(store, "list", "--json"))
    assert {name: listed[name] for name in ("name", "who", "tenant", "roles", "workflows", "made_by", "state")} == {
        "name": "ci", "who": "bot", "tenant": "acme", "roles": ["operator"], "workflows": ["desk"], "made_by": "ann",
        "state": "in force",
    }  # fmt: skip
    assert secret.startswith(f"podium_{listed['id'].removeprefix('key_')}.")
    assert secret.partition(".")[2] not in keys(store, "list")
    assert keys(store, "list", "--tenant", "other") == "there are no keys: `podium keys create NAME` makes one\n"
    rotated = json.loads(keys(store, "rotate", listed["id"], "--grace", "1h", "--json"))
    assert rotated["secret"] != secret
    assert rotated["former_until"] is not None
    assert keys(store, "revoke", listed["id"]) == f"{listed['id']} is revoked\n"
    assert "revoked" in keys(store, "list")
    again = podium("keys", "revoke", listed["id"], "--store", store)
    assert (again.status, again.err) == (1, f"error: key {listed['id']} is revoked already: make another one.\n")
    assert not podium("audit", "verify", "--store", store).status


def test_a_key_of_a_store_that_is_not_there_is_not_rotated(store: str) -> None:
    printed = podium("keys", "rotate", "key_1", "--store", store)
    assert printed.status == 1
    assert "there is no store" in printed.err
    assert not Path(store).exists()
