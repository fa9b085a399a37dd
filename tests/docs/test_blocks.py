"""Every example in the README and the documentation runs as pasted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.page import Block, blocks, commands

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("README.md"), *sorted(ROOT.glob("docs/**/*.md"))]
SECONDS_PER_PAGE = 120


@pytest.mark.parametrize("page", PAGES or [None], ids=lambda page: page and str(page.relative_to(ROOT)))
def test_examples_of_the_page_run(page: Path | None, tmp_path: Path) -> None:
    if page is None or not list(blocks(page.read_text())):
        return
    run = subprocess.run(
        [sys.executable, "-W", "error", Path(__file__).with_name("page.py"), page],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_PER_PAGE,
    )
    assert run.returncode == 0, run.stdout


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
    body = "$ podium run a.py\nerror: no\n$ python b.py\nKilled\n$ python c.py\nkilled it\n"
    found = list(commands(Block(language="console", body=body, line=1)))
    assert found == [("podium run a.py", True), ("python b.py", True), ("python c.py", False)]
