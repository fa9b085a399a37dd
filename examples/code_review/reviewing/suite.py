"""The tests: the project's own, run by its own Python where it has one."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import agent
from reviewing.finding import Checked, Finding, Severity
from reviewing.program import NotInstalled, need, run
from reviewing.project import PROGRAMS, Project
from reviewing.wording import counted

_ALL_PASSED, _SOME_FAILED, _INTERRUPTED, _NONE_FOUND = 0, 1, 2, 5
_PLACE = re.compile(r"^(?P<file>[^\s:][^:\n]*\.py):(?P<line>\d+): ", re.MULTILINE)


@agent(name="tests")
async def run_tests(project: Project) -> Checked:
    """Run the project's tests."""
    pytest = _pytest(project)
    with TemporaryDirectory() as folder:
        results = Path(folder, "results.xml")
        options = ["-q", "--tb=short", "-o", f"cache_dir={folder}/cache", "-o", "junit_family=xunit1"]
        ran = await run([pytest, *options, f"--junitxml={results}"], project)
        if ran.status == _NONE_FOUND:
            return Checked(tool="pytest", seconds=ran.seconds, findings=[], notes=["pytest found no tests."])
        report = _read(results)
    if ran.status not in (_ALL_PASSED, _SOME_FAILED, _INTERRUPTED) or not report:
        raise ran.crashed()
    return Checked(tool="pytest", seconds=ran.seconds, findings=findings(report, project.path), notes=[summary(report)])


def findings(report: str, root: Path) -> list[Finding]:
    """Read the failures from a JUnit report; the place is the deepest one that lies in the project."""
    found: list[Finding] = []
    for case in ET.fromstring(report).iter("testcase"):
        for failure in (*case.findall("failure"), *case.findall("error")):
            text = failure.text or ""
            own = [(file, line) for file, line in _PLACE.findall(text) if _is_own(file, root)]
            file, line = own[-1] if own else (case.get("file", ""), int(case.get("line", "0")) + 1)
            name = "::".join(part for part in (case.get("file", ""), case.get("name")) if part)
            message = f"{name}: {_said(text) or failure.get('message', '')}"
            found.append(_finding(failure.tag, message, file, int(line)))
    return found


def summary(report: str) -> str:
    """Say how many tests ran, and how they ended."""
    suites = list(ET.fromstring(report).iter("testsuite"))
    ran, failed, broken, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    return f"{counted(ran, 'test')}: {failed} failed, {broken} could not run, {skipped} skipped."


def _pytest(project: Project) -> str:
    """Return the project's own pytest where it has a Python: another one would not find its packages."""
    if project.venv is None or not Path(project.venv, PROGRAMS, "python").exists():
        return need("pytest", project, remedy="pip install pytest")
    own = Path(project.venv, PROGRAMS, "pytest")
    if not own.exists():
        remedy = f"{own.with_name('python')} -m pip install pytest"
        raise NotInstalled(f"pytest is not installed in {project.venv}: {remedy}")
    return str(own)


def _read(results: Path) -> str:
    return results.read_text(encoding="utf-8") if results.exists() else ""


def _is_own(file: str, root: Path) -> bool:
    return not Path(file).is_absolute() and (root / file).is_file()


def _said(text: str) -> str:
    """Return the first line of what pytest says went wrong."""
    return next((line[1:].strip() for line in text.splitlines() if line.startswith("E ")), "")


def _finding(tag: str, message: str, file: str, line: int) -> Finding:
    return Finding(
        tool="pytest", rule=f"test-{tag}", message=message, file=file, line=line, severity=Severity.HIGH,
        confidence=0.95,
    )  # fmt: skip
