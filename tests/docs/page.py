"""Runs the examples of one page, from top to bottom, as a reader would: python page.py PAGE [MODULE]…

Its commands find these modules imported. Those that end with `&` go on in the background, until `$ kill` stops them or
the page is over. `$ export NAME=VALUE` holds for all that follow, and `$ curl` is what a shell has. A server listens on
a port that is free: the page has that one wherever it names the port that it shows.
"""

import linecache
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from tests.docs.jobs import Jobs  # noqa: E402 - where the program is found only now
from tests.forking.commands import run  # noqa: E402 - the same
from tests.offline import refuse_model_requests, stay_offline  # noqa: E402 - the same

FENCE = re.compile(
    r"^ *(?P<fence>`{3,})(?P<language>\w*)(?P<info>[^\n`]*)\n(?P<body>.*?)^ *(?P=fence) *$", re.MULTILINE | re.DOTALL
)
TITLE = re.compile(r'\btitle="(?P<name>[^"]+)"')
NOT_RUN = re.compile(r"^# not run\b:?(?P<reason>.*)")
SHOWN_ERROR = re.compile(r"^(?:error:|waits for |Some wait for |Killed$|(?:\d+ \w+, )*\d+ failed[,:])", re.MULTILINE)
NOT_PRINTED = {"", "…", "Killed"}
VARIES = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+\+00:00)?|\b\d+(?:\.\d+)? (?:ms|s|min|h|µs)\b")
ID = re.compile(
    r"\b(?:run|q)_[0-9a-z]{16}\b|(?<=127\.0\.0\.1:)\d+\b|(?:(?<=Bearer )|(?<=sign-in\?token=))[\w-]{43}(?![\w-])"
)
"""What stands for something else each time: runs, questions, ports and tokens."""
COMMANDS = ("$ podium ", "$ python ", "$ curl ", "$ export ", "$ kill ")
SERVE = "podium serve "


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


def run_python(block: Block, path: Path, module: ModuleType, ids: dict[str, str]) -> None:
    """Execute a block in the page's namespace, so that tracebacks and `inspect` find its lines."""
    name, body = f"{path}:{block.line}", real(block.body, ids)
    linecache.cache[name] = (len(body), None, body.splitlines(keepends=True), name)
    exec(compile(body, name, "exec", dont_inherit=True), module.__dict__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a console block, and what the page shows of its output."""

    text: str
    shown: str

    @property
    def fails(self) -> bool:
        """Whether the page shows it to end otherwise than with 0."""
        return SHOWN_ERROR.search(self.shown) is not None


def commands(block: Block) -> Iterator[Command]:
    """Give each `$ podium …` and `$ python …` of a console block, and what sets variables and stops others."""
    lines = block.body.replace("\\\n", " ").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")] + [len(lines)]
    for start, end in pairwise(starts):
        if lines[start].startswith(COMMANDS):
            yield Command(text=lines[start].removeprefix("$ "), shown="\n".join(lines[start + 1 : end]))


def learn_ids(shown: str, printed: str, known: dict[str, str]) -> None:
    """Note which printed id stands for which one on the page: those that are new on either side, in order."""
    on_page = [each for each in dict.fromkeys(ID.findall(shown)) if each not in known]
    found = [each for each in dict.fromkeys(ID.findall(printed)) if each not in known.values()]
    known.update(zip(on_page, found, strict=False))


def real(text: str, ids: dict[str, str]) -> str:
    """Return a text of the page with what its ids stand for."""
    return ID.sub(lambda found: ids.get(found[0], found[0]), text)


def missing(shown: str, printed: str, ids: dict[str, str]) -> list[str]:
    """Return the lines of the page that a command did not print. Times, durations and columns' widths do not count."""
    lines = {plain(line) for line in printed.splitlines()}
    wanted = real(shown, ids).splitlines()
    return [line for line in wanted if plain(line) not in lines and line.strip() not in NOT_PRINTED]


def plain(line: str) -> str:
    """Return a line without what differs from run to run."""
    return " ".join(VARIES.sub("#", line).split())


def run_beside(command: Command, text: str, jobs: Jobs, loaded: tuple[str, ...]) -> str | None:
    """Do what a line does that is no command to wait for, and return what it printed as far as the page shows it.

    None says that the line is a command to wait for.
    """
    first, _, rest = text.partition(" ")
    if first == "export":
        name, _, value = shlex.split(rest, comments=True)[0].partition("=")
        os.environ[name] = value
        return ""
    if first == "kill":
        jobs.kill(rest)
        return ""
    if not text.endswith(" &"):
        return None
    words = shlex.split(text.removesuffix(" &"))
    jobs.begin([*words, "--port", "0"] if text.startswith(SERVE) else words, loaded)
    return jobs.said(sum(map(bool, command.shown.split("\n"))))


def ran(text: str, loaded: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and what it is piped to."""
    if text.startswith("curl "):
        return subprocess.run(
            ["sh", "-c", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
    return run(shlex.split(text, comments=True), cwd=Path.cwd(), env=os.environ, merged=True, loaded=loaded)


def run_console(block: Block, path: Path, ids: dict[str, str], jobs: Jobs, loaded: tuple[str, ...]) -> None:
    """Run the commands of a console block in the current folder."""
    for command in commands(block):
        text = real(command.text, ids)
        print(f"{path}:{block.line}: $ {text}", flush=True)
        printed = run_beside(command, text, jobs, loaded)
        if printed is None:
            result = ran(text, loaded)
            printed = result.stdout
            if (result.returncode != 0) != command.fails:
                print(printed, flush=True)
                message = f"line {block.line}: `{text}` ended with {result.returncode}"
                raise AssertionError(message)
        print(printed, flush=True)
        learn_ids(command.shown, printed, ids)
        if lines := missing(command.shown, printed, ids):
            raise AssertionError(f"line {block.line}: `{text}` did not print:\n" + "\n".join(lines))


def main() -> None:
    """Run the page that is named on the command line."""
    path, loaded = Path(sys.argv[1]), tuple(sys.argv[2:])
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ids: dict[str, str] = {}
    with closing(Jobs()) as jobs:
        for block in blocks(path.read_text(encoding="utf-8")):
            if block.file is not None:
                Path(block.file).write_text(block.body, encoding="utf-8")
            elif block.language == "python":
                run_python(block, path, module, ids)
            else:
                run_console(block, path, ids, jobs, loaded)


if __name__ == "__main__":
    stay_offline()
    refuse_model_requests()
    sys.path[0] = str(Path.cwd())
    main()
