"""The chatbot of the examples, each time in a process of its own."""

import os
from pathlib import Path

from tests.forking import commands

CHAT = Path(__file__).parents[3] / "examples/chatbot/chat.py"


def said(file: Path, person: str, text: str) -> str:
    command = ["python", str(CHAT), str(file), person, text]
    done = commands.run(command, cwd=file.parent, env=os.environ, loaded=commands.FRAMEWORKS)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_remembers_after_it_was_started_anew_and_tells_people_apart(tmp_path: Path) -> None:
    file = tmp_path / "chat.db"
    assert said(file, "ada", "What is my name?") == "I do not know your name yet."
    assert said(file, "ada", "My name is Ada.") == "Your name is Ada. You have told me 2 things."
    assert said(file, "ada", "And now?") == "Your name is Ada. You have told me 3 things."
    assert said(file, "bob", "And mine?") == "I do not know your name yet."
