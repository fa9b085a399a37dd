"""The report says everything once, and what is left out it counts."""

from dataclasses import replace

from reviewing.finding import Finding, Severity
from reviewing.judge import Ranked
from reviewing.project import Project
from reviewing.report import Draft, markdown

FINDING = Finding(
    tool="ruff", rule="F401", message="`os` unused", file="a.py", line=1, severity=Severity.LOW, confidence=0.9
)


def report(*findings: Finding, partial: dict[str, str] | None = None) -> str:
    project = Project(root="/shop", venv=None, apart=[], model=None, report="report.md")
    ranked = [Ranked(finding=each, sources=[f"{each.tool} {each.rule}"], score=1, why="low") for each in findings]
    return markdown(Draft(project=project, run="run_1", at=0, checked={}, partial=partial or {}, ranked=ranked))


def test_what_a_file_has_several_times_is_told_once_with_all_lines() -> None:
    text = report(FINDING, replace(FINDING, line=7, message="`re` unused"), replace(FINDING, line=5))
    assert "1. **a.py:1** `os` unused. Also on lines 5, 7.  \n" in text
    assert "2. **" not in text


def test_what_says_something_else_is_told_by_itself() -> None:
    text = report(FINDING, replace(FINDING, line=7, message="`re` is no module"))
    assert "1. **a.py:1** `os` unused.  \n" in text
    assert "2. **a.py:7** `re` is no module.  \n" in text


def test_beyond_forty_findings_the_rest_is_counted_by_rule() -> None:
    text = report(*(replace(FINDING, file=f"{number}.py") for number in range(43)))
    assert "40. **39.py:1**" in text
    assert "And 3 less urgent: ruff F401 (3)." in text


def test_a_reason_cannot_break_the_table() -> None:
    text = report(partial={"tests": "a | b\nc"})
    assert "| tests | - | - | **not done:** a \\| b c |\n" in f"{text}\n"


def test_nothing_found_and_nothing_looked_at_are_said_apart() -> None:
    assert "Found: nothing.\n" in report()
    assert "Found: nothing. Not looked at by tests.\n" in report(partial={"tests": "hung"})
