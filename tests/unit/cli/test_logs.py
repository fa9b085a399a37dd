"""The log of commands that run for long: entries that nothing forges, without secrets, as text and as JSON."""

import json
import logging
import re
from collections.abc import Generator

import pytest

from podium.cli.logs import LogLevel, log_to_stderr
from podium.secrets.masking import MASKING

SECRET = "a secret that nobody may read"


@pytest.fixture(autouse=True)
def _kept() -> Generator[None]:
    """Leave logging as it was."""
    root, own = logging.getLogger(), logging.getLogger("podium")
    before = root.handlers[:], root.level, own.level
    yield
    root.handlers[:], root.level = before[:2]
    own.setLevel(before[2])


@pytest.fixture(autouse=True)
def _learnt() -> None:
    MASKING.learn(SECRET, "a key")


def _said(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> list[str]:
    log_to_stderr(LogLevel.INFO, as_json=as_json)
    logging.getLogger("httpx").info("POST https://example.org/?token=%s", SECRET)
    logging.getLogger("podium.server").debug("nothing")
    fields = {"fields": {"status": 200}}
    logging.getLogger("podium.server").info("asked\n2026-12-01 ERROR forged \x1b[31m", extra=fields)
    logging.getLogger("elsewhere").error("it failed: %s", SECRET, exc_info=ValueError(SECRET))
    return capsys.readouterr().err.splitlines()


def test_each_entry_is_a_line_and_what_else_it_has_is_set_in(capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, as_json=False)
    entries = [line for line in said if not line.startswith("  ")]
    assert len(entries) == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO podium\.server: asked", entries[0])
    assert "ERROR elsewhere: it failed: " in entries[1]
    assert said[1] == r"  2026-12-01 ERROR forged \u001b[31m"
    assert any("ValueError" in line for line in said)
    assert SECRET not in "\n".join(said)


def test_what_a_file_has_set_up_is_left_unless_something_is_asked_for() -> None:
    root, own = logging.getLogger(), logging.NullHandler()
    root.handlers[:] = [own]
    log_to_stderr(None, as_json=False)
    assert root.handlers == [own]
    log_to_stderr(LogLevel.WARNING, as_json=False)
    assert own not in root.handlers


def test_in_json_each_entry_is_an_object_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    asked, failed = map(json.loads, _said(capsys, as_json=True))
    assert (asked["level"], asked["logger"], asked["status"]) == ("info", "podium.server", 200)
    assert asked["message"] == "asked\n2026-12-01 ERROR forged \x1b[31m"
    assert "error" not in asked
    assert "ValueError" in failed["error"]
    assert SECRET not in json.dumps(failed)
