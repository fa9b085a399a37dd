"""The security checker: Bandit."""

import json
from pathlib import PurePath
from typing import Any

from podium import agent
from reviewing.finding import Checked, Finding, Severity
from reviewing.program import need, run
from reviewing.project import Project

_CONFIDENCE = {"HIGH": 0.9, "MEDIUM": 0.6, "LOW": 0.3}


@agent(name="security")
async def check_security(project: Project) -> Checked:
    """Look for what an attacker would like."""
    bandit = need("bandit", project, remedy="pip install bandit")
    apart = ",".join(f"./{folder}" for folder in project.apart)
    ran = await run([bandit, "-q", "-r", ".", "-f", "json", "--exit-zero", *(["-x", apart] if apart else [])], project)
    if ran.status != 0 or not ran.output.lstrip().startswith("{"):
        raise ran.crashed()
    notes = [f"Bandit could not read `{file}`: {reason}." for file, reason in unread(ran.output)]
    return Checked(tool="bandit", seconds=ran.seconds, findings=findings(ran.output), notes=notes)


def findings(output: str) -> list[Finding]:
    """Read Bandit's JSON, but for asserts in tests: they are what a test is made of."""
    found = [_finding(each) for each in json.loads(output)["results"]]
    return [each for each in found if not (each.rule == "B101" and _is_test(each.file))]


def unread(output: str) -> list[tuple[str, str]]:
    """Return the files that Bandit could not read, and why."""
    return [(PurePath(each["filename"]).as_posix(), each["reason"]) for each in json.loads(output)["errors"]]


def _finding(found: dict[str, Any]) -> Finding:
    return Finding(
        tool="bandit",
        rule=found["test_id"],
        message=found["issue_text"],
        file=PurePath(found["filename"]).as_posix(),
        line=found["line_number"],
        severity=Severity(found["issue_severity"].lower()),
        confidence=_CONFIDENCE[found["issue_confidence"]],
    )


def _is_test(file: str) -> bool:
    path = PurePath(file)
    return bool({"test", "tests"} & set(path.parts)) or path.name.startswith("test_") or path.name == "conftest.py"
