"""What reviewers hand in: findings, and how sure they are of them."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much harm a finding does if it is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that one tool says about one place."""

    tool: str
    rule: str
    message: str
    file: str
    """Relative to the project, with forward slashes; empty for the project as a whole."""
    line: int | None = None
    severity: Severity
    confidence: float
    """How likely it is true, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a reviewer came back with."""

    tool: str
    seconds: float
    findings: list[Finding]
    notes: list[str] = field(default_factory=list[str])
    """What the reader should know besides, as Markdown."""
    hotness: dict[str, float] = field(default_factory=dict[str, float])
    """How much a file is being worked on, from 0 to 1: the history's part."""
