"""Commands are listed without being imported, and are what they are listed as."""

import pytest
from typer.core import TyperCommand
from typer.main import get_group

from podium.cli.commands_on_use import COMMANDS, imported
from podium.cli.main import podium

LONG = 10_000


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_beginning_of_its_own_help(name: str) -> None:
    listed, own = TyperCommand(name, help=COMMANDS[name]), imported(name)
    assert listed.get_short_help_str(LONG) == own.get_short_help_str(LONG)


def test_every_listed_command_is_one_of_the_program() -> None:
    assert list(get_group(podium).commands) == list(COMMANDS)
