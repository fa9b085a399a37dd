"""Where a reference leads, and what a Secret shows."""

import copy
import pickle
import sys
from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringError
from pydantic import BaseModel

from podium import Context, agent, workflow
from podium.agents.shape import shape_of
from podium.config import Config, load_config
from podium.errors import ConfigError, InvalidValue, UsageError
from podium.facade.handle import AnyHandle
from podium.secrets import Secret
from podium.secrets.masking import MASKING
from podium.secrets.reference import filled, learn, resolve
from podium.secrets.settings import SecretSettings
from tests.unit.engine.bench import Bench

VALUE = "correct-horse-battery"


class Login(BaseModel):
    user: str
    password: Secret


@pytest.fixture(autouse=True)
def in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR", VALUE)


def test_a_secret_is_read_from_the_environment_and_masked_from_then_on() -> None:
    assert MASKING.text(VALUE) == VALUE
    assert resolve("env:DOOR") == VALUE
    assert MASKING.text(VALUE) == "***"


def test_a_secret_is_read_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "door").write_text(f"{VALUE}\n")
    assert resolve(f"file:{tmp_path / 'door'}") == VALUE


def test_a_secret_is_read_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("desk", "ann/home"): VALUE}

    def kept_for(service: str, user: str) -> str | None:
        return kept.get((service, user))

    monkeypatch.setattr(keyring, "get_password", kept_for)
    assert resolve("keyring:desk/ann/home") == VALUE
    with pytest.raises(ConfigError, match="the keyring has none of that name"):
        resolve("keyring:desk/bob")


def test_without_the_extra_the_keyring_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"podium\[keyring\]"):
        resolve("keyring:desk/ann")


def test_a_keyring_that_cannot_answer_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(service: str, user: str) -> str:
        raise KeyringError("it is locked")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(ConfigError, match="it is locked"):
        resolve("keyring:desk/ann")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NO_SUCH", "NO_SUCH is not set"),
        ("file:/no/such/file", "cannot be read"),
        ("DOOR", "expected env:NAME, file:/path or keyring:service/user"),
        ("env:", "is no reference"),
        ("file:relative", "is no reference"),
        ("keyring:service", "is no reference"),
    ],
)
def test_a_reference_that_leads_nowhere_says_so(reference: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        resolve(reference)


def test_an_empty_and_an_endless_file_are_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        resolve(f"file:{tmp_path / 'empty'}")
    with pytest.raises(ConfigError, match="is empty or has more than"):
        resolve("file:/dev/zero")


def test_settings_may_be_references_or_end_in_one() -> None:
    assert filled({"a": "Bearer env:DOOR", "b": "env:DOOR", "c": "plain", "d": "env:DOOR first"}) == {
        "a": f"Bearer {VALUE}", "b": VALUE, "c": "plain", "d": "env:DOOR first"
    }  # fmt: skip
    with pytest.raises(ConfigError, match="a: env:NO_SUCH"):
        filled({"a": "env:NO_SUCH"})


def test_a_secret_shows_nothing_and_is_its_reference_as_json() -> None:
    secret = Secret("env:DOOR")
    assert (str(secret), repr(secret), f"{secret}") == ("***", "Secret(***)", "***")
    assert secret.reveal() == VALUE
    assert shape_of(Login).dump(Login(user="ann", password=secret)) == {"user": "ann", "password": "env:DOOR"}
    assert VALUE not in repr(Login(user="ann", password=secret))
    assert secret == Secret("env:DOOR")
    assert len({secret, Secret("env:DOOR"), Secret("env:OTHER")}) == 2


def test_a_secret_is_not_pickled() -> None:
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(UsageError, match="not pickled"):
            copied(Secret("env:DOOR"))


def test_data_refers_to_a_secret_by_its_reference() -> None:
    shape = shape_of(Login)
    assert shape.load({"user": "ann", "password": "env:DOOR"}).password == Secret("env:DOOR")
    assert shape.schema["properties"]["password"]["type"] == "string"
    with pytest.raises(InvalidValue, match="expected a reference to a secret"):
        shape.load({"user": "ann", "password": VALUE})


def test_data_does_not_choose_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root:x:0:0:root")
    login = shape_of(Login).load({"user": "ann", "password": f"file:{tmp_path / 'passwd'}"})
    with pytest.raises(ConfigError, match="is not among the secrets of this program"):
        login.password.reveal()


async def test_an_agent_takes_a_secret_that_the_settings_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONT_DOOR", "another-horse-battery")
    opened: list[str] = []

    @agent
    async def unlock(door: Secret) -> str:
        opened.append(door.reveal())
        return f"opened with {door.reveal()}"

    @workflow
    async def flow(ctx: Context, door: Secret) -> str:
        return await ctx.call(unlock, door)

    config = Config(secrets=SecretSettings(known=("env:FRONT_DOOR", "env:NOT_HERE")))
    async with bench.app(flow, config=config) as app:
        handle: AnyHandle = await app.start("flow", "env:FRONT_DOOR")
        assert await handle.result() == "opened with ***"
        assert [fact.payload for fact in await handle.facts() if fact.payload][:2] == [b'"env:FRONT_DOOR"'] * 2
    assert opened == ["another-horse-battery"]


def test_the_settings_name_only_references(tmp_path: Path) -> None:
    (tmp_path / "podium.toml").write_text('[podium.secrets]\nknown = ["env:DOOR"]\n')
    assert load_config(tmp_path, environment={}).secrets.known == ("env:DOOR",)
    with pytest.raises(ConfigError, match="expected env:NAME"):
        learn(["hunter2"])


async def test_a_workflow_sees_the_same_before_and_after_a_restart(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def tells() -> str:
        return Secret("env:DOOR").reveal()

    @workflow
    async def flow(ctx: Context) -> None:
        seen.append(await ctx.call(tells, None))
        await ctx.sleep(60)

    run = await bench.parked(flow)
    MASKING.forget()
    await bench.ended(run, flow, seconds=61)
    assert seen == ["***", "***"]
