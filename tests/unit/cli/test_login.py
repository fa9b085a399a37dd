"""In whose name commands act that are told no other: also where the login has no name, as in a container."""

import getpass
import os

import pytest

from podium.cli.commands.inbox import login


def test_a_login_without_a_name_is_the_number_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4321")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    assert login() == "uid 4321"
