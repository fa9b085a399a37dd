"""Runs the examples of one page, from top to bottom, as a reader would: python page.py PAGE."""

import linecache
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^ *(?P<fence>`{3,})(?P<language>\w*)(?P<info>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence) *$", re.MULTILINE | re.DOTALL
)
TITLE = re.compile(r'\btitle="(?P<name>[^"]+)"')
NOT_RUN = re.compile(r"^# not run\b:?(?P<reason>.*)")
SHOWN_ERROR = re.compile(r"^\s*(?:(?:podium: )?error\b|killed$)", re.IGNORECASE)
COMMANDS = ("$ podium ", "$ python ")
SECONDS_PER_COMMAND = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block that is to be run, or saved where it has a title."""

    language: str
    body: str
    line: int
    """Where in the page its body starts, from 1."""
    file: str | None = None
    """The file that the reader is told to save it as."""


def blocks(page: str) -> Iterator[Block]:
    """Give the python and console blocks of a page, and files; a block that is not run must say why."""
    for match in FENCE.finditer(page):
        title = TITLE.search(match["info"])
        if title is None and match["language"] not in ("python", "console"):
            continue
        block = Block(
            language=match["language"],
            body=textwrap.dedent(match["body"]),
            line=page.count("\n", 0, match.start("body")) + 1,
            file=title and title["name"],
        )
        excuse = NOT_RUN.match(block.body)
        if excuse is None:
            yield block
        elif not excuse["reason"].strip():
            message = f"line {block.line}: `# not run:` needs a reason"
            raise ValueError(message)


def run_python(block: Block, path: Path, module: ModuleType) -> None:
    """Execute a block in the page's namespace, so that tracebacks and `inspect` find its lines."""
    name = f"{path}:{block.line}"
    linecache.cache[name] = (len(block.body), None, block.body.splitlines(keepends=True), name)
    exec(compile(block.body, name, "exec", dont_inherit=True), module.__dict__)


def commands(block: Block) -> Iterator[tuple[str, bool]]:
    """Give each `$ podium …` and `$ python …` of a console block, and whether the page shows it to end in an error."""
    lines = block.body.replace("\\\n", " ").splitlines()
    for number, line in enumerate(lines):
        if line.startswith(COMMANDS):
            after = lines[number + 1] if number + 1 < len(lines) else ""
            yield line.removeprefix("$ "), SHOWN_ERROR.match(after) is not None


def run_console(block: Block, path: Path) -> None:
    """Run the commands of a console block in the current folder."""
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, fails in commands(block):
        print(f"{path}:{block.line}: $ {command}", flush=True)
        result = subprocess.run(
            shlex.split(command, comments=True),
            env={**os.environ, "PATH": search},
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=SECONDS_PER_COMMAND,
        )
        if (result.returncode != 0) != fails:
            message = f"line {block.line}: `{command}` ended with {result.returncode}"
            raise AssertionError(message)


def main() -> None:
    """Run the page that is named on the command line."""
    path = Path(sys.argv[1])
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.file is not None:
            Path(block.file).write_text(block.body, encoding="utf-8")
        elif block.language == "python":
            run_python(block, path, module)
        else:
            run_console(block, path)


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    from tests.offline import stay_offline

    stay_offline()
    sys.path[0] = str(Path.cwd())
    main()
