"""The merge: what several tools say about one place becomes one finding with all of its sources."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from podium import agent
from reviewing.finding import Finding, Severity

_SAME_MEANING = (
    {"F401", "reportUnusedImport"},
    {"F811", "no-redef", "reportRedeclaration", "reportRedefinition"},
    {"F821", "F822", "name-defined", "reportUndefinedVariable", "used-before-def"},
    {"F841", "reportUnusedVariable"},
    {"invalid-syntax", "syntax", "E999"},
    {"E711", "reportOptionalOperand"},
    {"E722", "S110", "B110"},
)
"""Rules of different tools that mean the same. That S602 is B602 is known without: Ruff took Bandit's numbers over."""
_SEVERITIES = list(Severity)
_NEARBY = 2
"""Lines by which a model may miss the line."""
_ALIKE = 0.5
"""Share of words from which on two messages about one line mean the same."""
_FILLERS = {"the", "and", "are", "has", "have", "for", "with", "not", "but", "from", "that", "this", "type", "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A finding, and everybody who made it."""

    finding: Finding
    sources: list[str]
    """Tool and rule, such as `ruff F401`."""


@agent
def merge(findings: list[Finding]) -> list[Merged]:
    """Put together findings of the same file, line and meaning."""
    groups: list[list[Finding]] = []
    by_file: dict[str, list[list[Finding]]] = {}
    for finding in sorted(findings, key=lambda each: (each.tool == "model", each.file, each.line or 0)):
        others = by_file.setdefault(finding.file, [])
        group = next((each for each in others if any(same(finding, one) for one in each)), None)
        if group is None:
            groups.append([finding])
            others.append(groups[-1])
        else:
            group.append(finding)
    return [_merged(group) for group in groups]


def same(a: Finding, b: Finding) -> bool:
    """Whether two findings of one file are about the same line and mean the same."""
    if a.tool == b.tool:
        return (a.line, a.rule, a.message) == (b.line, b.rule, b.message)
    distance = abs((a.line or 0) - (b.line or 0))
    if distance > (_NEARBY if "model" in (a.tool, b.tool) else 0):
        return False
    return meaning(a) == meaning(b) or _alike(a.message, b.message)


def meaning(finding: Finding) -> str:
    """Return a name for what a rule means, the same for all tools."""
    rule = finding.rule
    if finding.tool == "ruff" and re.fullmatch(r"S\d{3}", rule):
        rule = f"B{rule[1:]}"
        return f"bandit {rule}"
    if finding.tool == "bandit":
        return f"bandit {rule}"
    shared = next((min(rules) for rules in _SAME_MEANING if rule in rules), None)
    return shared or f"{finding.tool} {rule}"


def _alike(a: str, b: str) -> bool:
    first, second = _words(a), _words(b)
    return bool(first and second) and len(first & second) >= _ALIKE * min(len(first), len(second)) >= 1


def _words(message: str) -> set[str]:
    return set(re.findall(r"[a-z_]\w{2,}", message.lower())) - _FILLERS


def _merged(group: Sequence[Finding]) -> Merged:
    """Take the worst severity; independent witnesses make a finding surer."""
    doubt = 1.0
    for confidence in {each.tool: each.confidence for each in group}.values():
        doubt *= 1.0 - confidence
    plainest = max(group, key=lambda each: each.confidence)
    finding = Finding(
        tool=plainest.tool, rule=plainest.rule, message=plainest.message, file=plainest.file, line=plainest.line,
        severity=min((each.severity for each in group), key=_SEVERITIES.index), confidence=round(1.0 - doubt, 2),
    )  # fmt: skip
    return Merged(finding=finding, sources=sorted({f"{each.tool} {each.rule}" for each in group}))
