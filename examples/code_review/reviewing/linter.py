"""The linter: Ruff, with the project's own rules."""

import json
from pathlib import Path
from typing import Any

from podium import agent
from reviewing.finding import Checked, Finding, Severity
from reviewing.program import need, run
from reviewing.project import Project

_BROKEN = ("invalid-syntax", "E9", "F63", "F7", "F82", "PLE")
_RISKY = ("ASYNC", "B", "F", "S")


@agent(name="linter")
async def lint(project: Project) -> Checked:
    """Look for what a linter finds."""
    ruff = need("ruff", project, remedy="pip install ruff")
    ran = await run([ruff, "check", "--no-cache", "--exit-zero", "--output-format", "json", "."], project)
    if ran.status != 0:
        raise ran.crashed()
    return Checked(tool="ruff", seconds=ran.seconds, findings=findings(ran.output, project.path))


def findings(output: str, root: Path) -> list[Finding]:
    """Read Ruff's JSON."""
    return [_finding(each, root) for each in json.loads(output)]


def _finding(found: dict[str, Any], root: Path) -> Finding:
    rule = found["code"] or "invalid-syntax"
    return Finding(
        tool="ruff",
        rule=rule,
        message=found["message"],
        file=Path(found["filename"]).relative_to(root).as_posix(),
        line=found["location"]["row"],
        severity=_severity(rule),
        confidence=0.95,
    )


def _severity(rule: str) -> Severity:
    if rule.startswith(_BROKEN):
        return Severity.HIGH
    return Severity.MEDIUM if rule.startswith(_RISKY) else Severity.LOW
