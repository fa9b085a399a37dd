"""Every example in the README and the documentation runs as pasted."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from tests.docs.page import Block, Command, blocks, commands, learn_ids, missing
from tests.forking import commands as forked
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("README.md"), *sorted(ROOT.glob("docs/**/*.md"))]
SECONDS_PER_PAGE = 300
LOADED = ("podium.testing",)
"""What many pages import."""
ASK_MODELS = ("langchain", "openai_agents", "pydantic_ai")
"""The words by which pages are known whose programs and commands ask language models."""
ON_A_SERVER = "from-one-file-to-a-fleet.md"
"""The page that is read in a copy of the support desk, with a PostgreSQL server that has an empty database `desk`."""
LONG = {"from-one-agent-to-a-team.md", ON_A_SERVER}
"""Pages with so many commands that they run with the long tests."""
RUN = [
    pytest.param(page, id=str(page.relative_to(ROOT)), marks=[pytest.mark.system] if page.name in LONG else [])
    for page in PAGES
]


@pytest.fixture
def server_with_a_desk(tmp_path: Path, postgres: PostgresServer) -> Generator[dict[str, str]]:
    """Copy the support desk here, and make its database; returns the variables with which PostgreSQL is found."""
    where = {"PGHOST": str(postgres.folder), "PGUSER": "postgres"}
    shutil.copytree(ROOT / "examples" / "support_desk", tmp_path, dirs_exist_ok=True)
    with psycopg.connect(f"host={postgres.folder} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE desk")
        yield where
        connection.execute("DROP DATABASE desk WITH (FORCE)")


@pytest.mark.parametrize("page", RUN or [None])
def test_examples_of_the_page_run(page: Path | None, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    text = "" if page is None else page.read_text()
    if not list(blocks(text)):
        return
    server: dict[str, str] = {}
    if page is not None and page.name == ON_A_SERVER:
        server = request.getfixturevalue("server_with_a_desk")
    with_commands = forked.FRAMEWORKS if any(word in text for word in ASK_MODELS) else ()
    command = ["python", "-W", "error", str(Path(__file__).with_name("page.py")), str(page), *with_commands]
    env = {**os.environ, **server, "NO_COLOR": "1", "COLUMNS": "120", forked.FORKED_FROM: forked.zygotes()}
    loaded = with_commands or LOADED
    ran = forked.run(command, cwd=tmp_path, env=env, merged=True, loaded=loaded, timeout=SECONDS_PER_PAGE)
    assert ran.returncode == 0, ran.stdout


def test_a_block_that_is_not_run_must_say_why() -> None:
    with pytest.raises(ValueError, match="line 2: `# not run:` needs a reason"):
        list(blocks("```python\n# not run:\nx = 1\n```\n"))


def test_a_block_with_a_reason_is_not_run() -> None:
    assert list(blocks("```python\n# not run: needs a key\nx = 1\n```\n")) == []


def test_python_and_console_blocks_are_found_with_their_lines() -> None:
    page = "a\n\n```python\nx = 1\n```\n\n- b\n\n  ```console\n  $ podium\n  ```\n\n```sh\nls\n```\n"
    found = [(block.language, block.body, block.line) for block in blocks(page)]
    assert found == [("python", "x = 1\n", 4), ("console", "$ podium\n", 10)]


def test_a_block_with_a_title_is_a_file_to_be_saved() -> None:
    page = '```python title="desk.py"\nx = 1\n```\n\n```json title="a.jsonl"\n{}\n```\n\n```json\n{}\n```\n'
    assert [(block.file, block.body) for block in blocks(page)] == [("desk.py", "x = 1\n"), ("a.jsonl", "{}\n")]


def test_a_command_that_is_shown_to_fail_has_to_fail() -> None:
    body = "$ podium run a.py\nerror: no\n$ python b.py\nKilled\n$ python c.py\nkilled it\n$ ls\nerror: d\n"
    found = [(command.text, command.fails) for command in commands(Block(language="console", body=body, line=1))]
    assert found == [("podium run a.py", True), ("python b.py", True), ("python c.py", False)]


def test_what_is_set_and_what_goes_on_in_the_background_are_commands_too() -> None:
    body = "$ export PODIUM_STORE=a.db\n$ podium work a.py --forever &\n$ kill -9 $!\n$ createdb desk\n"
    found = [command.text for command in commands(Block(language="console", body=body, line=1))]
    assert found == ["export PODIUM_STORE=a.db", "podium work a.py --forever &", "kill -9 $!"]


def test_a_pile_of_which_some_are_shown_to_fail_has_to_fail() -> None:
    shown = ["2 done: a.jsonl", "2 done, 1 failed: a.jsonl", "2 failed, 1 done: a.jsonl", "3 done, for 1 failed: x"]
    assert [Command(text="", shown=each).fails for each in shown] == [False, True, True, False]


def test_ids_on_the_page_stand_for_those_that_were_printed() -> None:
    run, question, real_run, real_question = "run_" + "a" * 16, "q_" + "b" * 16, "run_" + "c" * 16, "q_" + "d" * 16
    ids: dict[str, str] = {}
    learn_ids(f"run {run}", f"run {real_run}\nwaits", ids)
    learn_ids(f"{question} {run}", f"{real_question} {real_run}", ids)
    assert ids == {run: real_run, question: real_question}


def test_lines_that_were_not_printed_are_found() -> None:
    shown = "✓ a  1.5 ms\n…\nb  2026-01-01 10:00:00\nc 3\n"
    assert missing(shown, "✓ a 12 s\nb 2027-02-02 11:11:11\nc 4\n", {}) == ["c 3"]
