"""The press office of the examples, as a reader runs it: a server, and the editor's program in processes of its own."""

import os
from pathlib import Path

from tests.e2e.test_serve import serving
from tests.forking import commands

OFFICE = Path(__file__).parents[2] / "examples/press_office"


def test_a_draft_is_changed_as_the_editor_says_and_then_released_and_a_second_start_finds_it(tmp_path: Path) -> None:
    with serving(tmp_path, str(OFFICE / "press.py")) as served:
        token = served.client.headers["authorization"].removeprefix("Bearer ")

        def edit(topic: str, said: str) -> "commands.subprocess.CompletedProcess[str]":
            command = ["python", str(OFFICE / "editor.py"), str(served.client.base_url), topic]
            return commands.run(command, cwd=tmp_path, env={**os.environ, "PODIUM_TOKEN": token}, stdin=said)

        gone = edit("Bees on the roof", "name the street\n")
        assert gone.returncode == 1
        assert gone.stderr.strip().endswith("EOFError: EOF when reading a line")
        assert "+- as you asked: name the street" in gone.stdout
        done = edit("Bees on the roof", "y\n")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(
            "Released:\n\nBees on the roof\n\nThere is news about bees on the roof.\n- as you asked: name the street\n"
        )
        assert edit("Bees on the roof", "").stdout.startswith("\nReleased:")
        runs = served.client.get("/api/v1/runs").json()["items"]
        assert [each["state"] for each in runs] == ["done"]
        never = edit("Wasps", "no\n" * 5)
        assert "none of 5 drafts was approved of" in never.stderr
