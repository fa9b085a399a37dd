"""`podium serve` as a process: what it says, what it brings along, who drives the runs, how it stops."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.cli import REAL, Desk, environment, until

DESK = """
from podium import Context, workflow

@workflow
async def seven(ctx: Context) -> int:
    await ctx.sleep(0)
    return 7
"""


@dataclass(frozen=True)
class Served:
    """A server that runs, and a client that is signed in."""

    process: "subprocess.Popen[str]"
    client: httpx.Client


@contextmanager
def serving(folder: Path, *arguments: str) -> Generator[Served]:
    command = [REAL, "serve", *arguments, "--port", "0", "--store", "desk.db"]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Bearer" not in said:
                line = process.stdout.readline()
                assert line, "it ended before it served"
                said += line
            (address,) = re.findall(r"Podium serves (http://\S+)/api/v1", said)
            (token,) = re.findall(r"Bearer ([^'\s]+)'", said)
            with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=120) as client:
                yield Served(process, client)
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.system)])
def test_a_server_that_leaves_the_runs_to_others_and_stops_when_it_is_told(tmp_path: Path, number: int) -> None:
    desk = Desk(tmp_path)
    desk.write("desk.py", DESK)
    with serving(tmp_path, "desk.py", "--apart") as served:
        started = served.client.post("/api/v1/runs?wait=0.1", json={"workflow": "seven"})
        assert (started.status_code, started.json()["state"]) == (202, "ready")
        assert served.client.get("/health/ready", headers={"authorization": ""}).json() == {
            "status": "ok",
            "reason": "",
        }
        desk.podium("work", "desk.py", "--store", "desk.db")
        assert served.client.get(f"/api/v1/runs/{started.json()['id']}/result?wait=60").json()["value"] == 7
        os.kill(served.process.pid, number)
        assert served.process.wait(60) == 130


@pytest.mark.system
def test_the_demo_is_a_support_desk_that_works_through_its_tickets(tmp_path: Path) -> None:
    def settled(served: Served) -> list[str]:
        runs = served.client.get("/api/v1/runs?workflow=desk").json()["items"]
        return [run["id"] for run in runs if run["state"] in ("done", "parked")]

    with serving(tmp_path, "--demo") as served:
        assert "desk" in [each["name"] for each in served.client.get("/api/v1/workflows").json()["items"]]
        until(lambda: len(settled(served)) == 12)
        before = settled(served)
        question = served.client.get("/api/v1/questions").json()["items"][0]["id"]
        link = served.client.post(f"/api/v1/questions/{question}/links", json={"person": "ann"}).json()["url"]
        assert link.startswith(f"{str(served.client.base_url).rstrip('/')}/answer/"), "it leads to where it is served"
        assert served.client.get(link).status_code == 200
    with serving(tmp_path, "--demo") as served:
        assert settled(served) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "less than or equal to 65535"),
        (
            ["--host", "192.0.2.1"],
            "192.0.2.1:8400 cannot be listened on: it is no address of this machine.",
        ),
        (["--host", "nobody.invalid"], "nobody.invalid:8400 cannot be listened on: it is no address of this machine."),
    ],
)
def test_an_address_that_cannot_be_had_is_told_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in " ".join(Desk(tmp_path).podium("serve", *arguments).err.split())


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = Desk(tmp_path).podium("serve", "--port", str(port)).err
    assert told == (
        f"error: 127.0.0.1:{port} cannot be listened on: something listens there already. --port names another port.\n"
    )
