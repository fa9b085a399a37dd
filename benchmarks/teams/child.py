"""Runs the programs of one framework, in the environment of that framework: `child.py FRAMEWORK`.

Reads a job a line (`file`, `function`, `arguments`, `folder`, `environment`) and prints a line of what came of it
(`given` or `error`). What the programs import is imported once, and each runs in a fork of this process. Knows nothing
of Podium, which is not installed beside its peers.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.util
import json
import os
import signal
import sys
import traceback
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

LIMIT = 300
"""Seconds after which a program is ended."""


def imported(system: str) -> None:
    """Import what all programs of a framework import."""
    for file in sorted(HERE.glob(f"*/{system}.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for each in node.names:
                    importlib.import_module(each.name)
            elif isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                for each in node.names:
                    getattr(module, each.name)  # what is loaded when first asked for


def prepared(system: str) -> None:
    """Have the OpenAI Agents SDK speak the protocol that all others speak unasked."""
    if system == "openai_agents":
        sdk: Any = importlib.import_module("agents")
        sdk.set_default_openai_api("chat_completions")
        sdk.set_tracing_disabled(True)


def loaded(file: str) -> types.ModuleType:
    """Load a program."""
    spec = importlib.util.spec_from_file_location("team", file)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    sys.modules["team"] = program
    spec.loader.exec_module(program)
    return program


def done(job: dict[str, Any]) -> dict[str, str]:
    """Run a function of a program, and return what it gave, or how it failed."""
    os.chdir(job["folder"])
    os.environ.update(job["environment"])
    try:
        given = asyncio.run(getattr(loaded(job["file"]), job["function"])(*job["arguments"]))
    except BaseException:  # noqa: BLE001 - whatever ends a program is told
        return {"error": traceback.format_exc()}
    return {"given": given} if isinstance(given, str) else {"error": f"it gave {given!r}, which is no text"}


def forked(job: dict[str, Any]) -> str:
    """Do a job in a fork, and return what it says of it."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        signal.alarm(LIMIT)
        log = os.open(Path(job["folder"]) / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        with os.fdopen(writing, "w") as pipe:
            pipe.write(json.dumps(done(job)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said or json.dumps({"error": f"it was ended, at the latest after {LIMIT} s"})


def main(system: str) -> None:
    """Do what is asked for, until nothing more is."""
    imported(system)
    prepared(system)
    for line in sys.stdin:
        print(forked(json.loads(line)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
