"""The form of a link whose server is killed while it is sent: the answer is there once or not at all."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.e2e.cli import PATIENCE, until
from tests.e2e.server.served import Served
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.system, pytest.mark.kill]

LETTERS = 8
TEAM = """
from podium import Approval, Context, workflow


@workflow
async def letter(ctx: Context, text: str) -> list[str]:
    decision = await ctx.ask(Approval("Send this letter?", text, edit=str), to="ann")
    return [decision.comment, *decision.by]
"""
SETTINGS = "[podium]\nlease = 2.0\n"


class Form:
    """The page of a link, as a browser has it."""

    def __init__(self, server: Served, run: str) -> None:
        self._server = server
        self.run = run
        until(lambda: bool(server.ask("GET", f"/questions?run={run}&limit=10")["items"]))
        (question,) = server.ask("GET", f"/questions?run={run}&limit=10")["items"]
        self.question = question["id"]
        url = httpx.URL(server.ask("POST", f"/questions/{self.question}/links", json={"person": "ann"})["url"])
        self.url = f"http://127.0.0.1:{server.port}{url.path}"

    def send(self, comment: str) -> int | None:
        """Press the button; None where no answer came."""
        try:
            return httpx.post(self.url, data={"way": "approve", "comment": comment}, timeout=PATIENCE).status_code
        except httpx.TransportError:
            return None

    def takes(self, comment: str) -> bool:
        """Press the button, and tell whether that was taken."""
        return self.send(comment) == 303

    def answered_by(self) -> Sequence[str]:
        """Return who answered, as the run has recorded it."""
        facts = self._server.ask("GET", f"/runs/{self.run}/facts")
        return [answer["by"] for fact in facts for answer in fact["body"].get("answers", ())]


def answer_while_killed(server: Served, seed: int) -> None:
    """Send each form while the server is killed at that moment, and again until it is taken, as a person would."""
    server.begin()
    chance = random.Random(seed)
    starts = [{"workflow": "letter", "input": f"letter {n}", "tag": f"{n}"} for n in range(LETTERS)]
    forms = [Form(server, server.ask("POST", "/runs", json=each)["id"]) for each in starts]
    confirmed = 0
    for n, form in enumerate(forms):
        with ThreadPoolExecutor(1) as other:
            sending = other.submit(form.send, f"fine {n}")
            time.sleep(chance.uniform(0.0, 0.04))
            server.kill()
            first = sending.result()
        server.begin()
        assert first in (None, 303)
        there = server.ask("GET", f"/questions/{form.question}")["answered_by"]
        assert there in ([], ["ann"])
        if first == 303:
            confirmed += 1
            assert there == ["ann"], "what was confirmed is there"
        until(partial(form.takes, f"fine {n}"))
        assert form.send(f"other {n}") == 409
    for n, form in enumerate(forms):
        assert server.ask("GET", f"/runs/{form.run}/result?wait=20")["value"] == [f"fine {n}", "ann"]
        assert form.answered_by() == ["ann"]
        assert server.ask("GET", f"/runs/{form.run}/verify")["faults"] == []
    assert confirmed < LETTERS, "no form was sent while the server was killed"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_form_that_is_sent_to_a_server_that_is_killed_answers_once(tmp_path: Path, seed: int) -> None:
    (tmp_path / "team.py").write_text(TEAM, encoding="utf-8")
    (tmp_path / "podium.toml").write_text(SETTINGS, encoding="utf-8")
    server = Served(tmp_path, "team.py")
    try:
        answer_while_killed(server, seed)
    finally:
        server.kill()


def test_a_form_that_is_sent_to_a_server_on_postgresql_that_is_killed_answers_once(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    (tmp_path / "team.py").write_text(TEAM, encoding="utf-8")
    (tmp_path / "podium.toml").write_text(SETTINGS, encoding="utf-8")
    server = Served(tmp_path, "team.py", store=postgres.address())
    try:
        answer_while_killed(server, 3)
    finally:
        server.kill()
