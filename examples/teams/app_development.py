"""A small application is planned, built by three specialists side by side, tested for real, and mended if a test fails.

podium run examples/teams/app_development.py --input '{"name": "loans", "fields": {"title": "text", "pages": "number"}}'
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium import agent
from podium.patterns import Plan, PlanTask, plan_execute

KINDS = {"text": "str", "number": "int"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be built: a program that keeps records with these fields, each `text` or `number`."""

    name: str
    fields: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Files:
    """Files that somebody wrote, by name."""

    files: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a specialist is to build; `mend` is what a test complained of."""

    wish: Wish
    mend: str = ""


@dataclass(frozen=True, kw_only=True)
class Application:
    """The finished application, and what its tests said."""

    files: dict[str, str]
    tests: str


@agent
def plan(task: Wish, failed: dict[str, str] | None = None) -> Plan:
    """Plan three parts that need nothing of each other, then the tests; after a failed test the backend, and again."""
    wish, mend = {"name": task.name, "fields": task.fields}, (failed or {}).get("try it", "")
    parts = ["backend"] if mend else ["backend", "frontend", "testing"]
    again = ", again" if mend else ""
    built = [PlanTask(id=f"{part}{again}", worker=part, input={"wish": wish, "mend": mend}) for part in parts]
    needed = [*(each.id for each in built), *(["frontend", "testing"] if mend else [])]
    return Plan(tasks=[*built, PlanTask(id=f"try it{again}", worker="try_out", input=task.name, after=needed)])


@agent
def backend(job: Job) -> Files:
    """Writes the module that keeps the records."""
    wish = job.wish
    checks = [
        f"        if not isinstance(self.{name}, {KINDS[kind]}):\n            raise TypeError({name!r})"
        for name, kind in wish.fields.items()
    ]
    lines = [
        f'"""Keeps {wish.name}."""',
        "",
        "from dataclasses import dataclass",
        "",
        "",
        "@dataclass",
        "class Record:",
    ]
    lines += [f"    {name}: {KINDS[kind]}" for name, kind in wish.fields.items()]
    if "TypeError not raised" in job.mend:
        lines += ["", "    def __post_init__(self) -> None:", *checks]
    return Files(files={f"{wish.name}.py": "\n".join(lines) + "\n"})


@agent
def frontend(job: Job) -> Files:
    """Writes the form in which a record is entered."""
    inputs = "".join(
        f'\n  <label>{name} <input name="{name}" type="{kind}" required></label>'
        for name, kind in job.wish.fields.items()
    )
    form = f'<form method="post" action="/{job.wish.name}">{inputs}\n  <button>Save</button>\n</form>\n'
    return Files(files={f"{job.wish.name}.html": form})


@agent
def testing(job: Job) -> Files:
    """Writes the tests: good values are kept, and a value of the wrong kind is refused."""
    wish = job.wish
    good = ", ".join(f"{name}={'1' if kind == 'number' else repr('a')}" for name, kind in wish.fields.items())
    bad = ", ".join(f"{name}={repr('a') if kind == 'number' else '1'}" for name, kind in wish.fields.items())
    test = f"""import pathlib
import unittest

from {wish.name} import Record


class Tests(unittest.TestCase):
    def test_keeps_good_values(self):
        self.assertEqual(Record({good}), Record({good}))

    def test_refuses_bad_ones(self):
        with self.assertRaises(TypeError):
            Record({bad})

    def test_the_form_asks_for_every_field(self):
        form = pathlib.Path("{wish.name}.html").read_text()
        self.assertEqual(form.count("<input"), {len(wish.fields)})
"""
    return Files(files={f"test_{wish.name}.py": test})


@agent
def try_out(task: str, inputs: dict[str, Files]) -> Application:
    """Puts all files into a folder and runs the tests there."""
    files = {name: text for part in inputs.values() for name, text in part.files.items()}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "unittest", "-q", f"test_{task}"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != 0:
        raise AssertionError(next(line for line in run.stderr.splitlines() if "Error: " in line))
    return Application(files=files, tests=run.stderr.strip().splitlines()[-1])


def tried(results: Mapping[str, Any]) -> Any:
    """Give what was tried out last."""
    return list(results.values())[-1]


app_development = plan_execute(
    plan, [backend, frontend, testing, try_out], attempts=1, replans=1, report=tried, name="app_development"
)
