"""The type checker: Pyright or mypy, whichever the project is set up for, else whichever is there."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from podium import agent
from reviewing.finding import Checked, Finding, Severity
from reviewing.program import NotInstalled, find, need, run
from reviewing.project import PROGRAMS, Project

_BROKEN = {"reportUndefinedVariable", "reportPossiblyUnbound", "name-defined", "possibly-undefined", "syntax"}
_ENVIRONMENT = {"reportMissingImports", "reportMissingModuleSource", "import-not-found", "import-untyped", "import"}
"""Rules that tell more about what is installed than about the code."""


@agent(name="type_checker")
async def check_types(project: Project) -> Checked:
    """Look for what does not fit its type."""
    return await (_mypy(project) if choose(project) == "mypy" else _pyright(project))


def choose(project: Project) -> str:
    """Return which checker to run: the one that is configured, else the one that is found."""
    settings = _settings(project.path)
    if "pyright" in settings or (project.path / "pyrightconfig.json").is_file():
        return "pyright"
    if "mypy" in settings or any((project.path / name).is_file() for name in ("mypy.ini", ".mypy.ini")):
        return "mypy"
    for name in ("pyright", "mypy"):
        if find(name, project):
            return name
    raise NotInstalled("neither pyright nor mypy is installed: pip install mypy")


async def _pyright(project: Project) -> Checked:
    command = [need("pyright", project, remedy="pip install 'pyright[nodejs]'"), "--outputjson"]
    python = None if project.venv is None else Path(project.venv, PROGRAMS, "python")
    ran = await run([*command, *(["--pythonpath", str(python)] if python and python.exists() else [])], project)
    if ran.status not in (0, 1) or not ran.output.startswith("{"):
        raise ran.crashed()
    return Checked(tool="pyright", seconds=ran.seconds, findings=pyright_findings(ran.output, project.path))


async def _mypy(project: Project) -> Checked:
    command = [need("mypy", project, remedy="pip install mypy"), "--output", "json", "--cache-dir", "/dev/null"]
    python = None if project.venv is None else Path(project.venv, PROGRAMS, "python")
    if python and python.exists():
        command += ["--python-executable", str(python)]
    if not _settings(project.path).get("mypy", {}).keys() & {"files", "modules", "packages"}:
        command += [*(f"--exclude=^{re.escape(folder)}/" for folder in project.apart), "--explicit-package-bases", "."]
    ran = await run(command, project)
    if ran.status not in (0, 1):
        raise ran.crashed()
    return Checked(tool="mypy", seconds=ran.seconds, findings=mypy_findings(ran.output))


def pyright_findings(output: str, root: Path) -> list[Finding]:
    """Read Pyright's JSON."""
    return [
        _finding(
            "pyright",
            each.get("rule", "syntax"),
            each["message"].partition("\n")[0],
            Path(each["file"]).relative_to(root).as_posix(),
            each["range"]["start"]["line"] + 1,
            error=each["severity"] == "error",
        )
        for each in json.loads(output)["generalDiagnostics"]
        if each["severity"] in ("error", "warning")
    ]


def mypy_findings(output: str) -> list[Finding]:
    """Read mypy's JSON, a finding a line."""
    found: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [
        _finding("mypy", each["code"] or "misc", each["message"], each["file"], each["line"], error=True)
        for each in found
        if each["severity"] == "error"
    ]


def _finding(tool: str, rule: str, message: str, file: str, line: int, *, error: bool) -> Finding:
    severity = Severity.HIGH if rule in _BROKEN else Severity.MEDIUM if error else Severity.LOW
    confidence = 0.3 if rule in _ENVIRONMENT else 0.85
    return Finding(
        tool=tool, rule=rule, message=message, file=file, line=line, severity=severity, confidence=confidence
    )


def _settings(root: Path) -> dict[str, Any]:
    """Return what pyproject.toml sets for tools."""
    try:
        return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}
