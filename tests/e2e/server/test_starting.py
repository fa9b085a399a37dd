"""`podium serve` as a process: what it refuses to begin with, in one sentence, and what it says over the network."""

import ssl
from pathlib import Path

import httpx
import pytest

from tests.e2e.cli import PATIENCE, environment, kill
from tests.forking import commands
from tests.unit.server.certificates import certificate


def serve(folder: Path, *arguments: str) -> tuple[int, str]:
    """Start a server that does not begin; returns its exit code, and all that it says."""
    command = ["podium", "serve", "--port", "0", "--store", "desk.db", *arguments]
    process = commands.begin(command, cwd=folder, env=environment(), merged=True)
    said, _ = process.communicate(PATIENCE)
    return process.wait(PATIENCE), said


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_does_not_begin_for_others_where_nobody_could_sign_in(tmp_path: Path, host: str) -> None:
    code, said = serve(tmp_path, "--host", host)
    assert code == 1
    assert said.startswith(f"error: {host} is reached from other machines, and nobody could sign in there")
    assert "Podium serves" not in said
    assert len(said.splitlines()) == 1


def test_with_a_key_it_begins_for_others_and_says_that_keys_are_read_on_the_way(tmp_path: Path) -> None:
    made = commands.run(["podium", "keys", "create", "ci", "--store", "desk.db"], cwd=tmp_path, env=environment())
    command = ["podium", "serve", "--port", "0", "--store", "desk.db", "--host", "0.0.0.0"]
    process = commands.begin(command, cwd=tmp_path, env=environment(), merged=True)
    try:
        said = process.stdout.readline() + process.stdout.readline()
        assert "keys go over the network as they are" in said
        assert "sign-in?token" not in said
        port = int(said.partition("0.0.0.0:")[2].partition("/")[0])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as client:
            assert client.get("/api/v1/me").status_code == 401
            key = {"x-api-key": made.stdout.strip()}
            assert client.get("/api/v1/me", headers=key).json()["who"] == "ci"
    finally:
        kill(process)


@pytest.mark.parametrize("missing", [True, False])
def test_a_key_of_tls_that_cannot_be_used_is_one_sentence(tmp_path: Path, *, missing: bool) -> None:
    names = certificate(tmp_path)
    other = "none.key" if missing else certificate(tmp_path, "other")[1]
    settings = f'[podium.server]\ncertificate = "{names[0]}"\nprivate_key = "{other}"\n'
    (tmp_path / "podium.toml").write_text(settings)
    code, said = serve(tmp_path)
    assert code == 1
    assert said.startswith("error: server.")
    assert len(said.splitlines()) == 1


def test_with_a_certificate_it_serves_tls(tmp_path: Path) -> None:
    names = certificate(tmp_path)
    settings = f'[podium.server]\ncertificate = "{names[0]}"\nprivate_key = "{names[1]}"\n'
    (tmp_path / "podium.toml").write_text(settings)
    command = ["podium", "serve", "--port", "0", "--store", "desk.db"]
    process = commands.begin(command, cwd=tmp_path, env=environment(), merged=True)
    try:
        at = process.stdout.readline().removeprefix("Podium serves ").strip()
        assert at.startswith("https://127.0.0.1:")
        known = ssl.create_default_context(cafile=names[0])
        with httpx.Client(verify=known, trust_env=False, timeout=PATIENCE) as client:
            assert client.get(f"{at}/me").status_code == 401
    finally:
        kill(process)
