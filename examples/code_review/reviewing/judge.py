"""The judge: what is worth the reader's time comes first, and it says why."""

from dataclasses import dataclass
from types import MappingProxyType

from podium import agent
from reviewing.finding import Finding, Severity
from reviewing.merge import Merged

_WEIGHT = MappingProxyType({Severity.HIGH: 9.0, Severity.MEDIUM: 3.0, Severity.LOW: 1.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the judge is shown."""

    findings: list[Merged]
    hotness: dict[str, float]
    """From 0 to 1, by file; empty where the history could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A finding with the judge's verdict."""

    finding: Finding
    sources: list[str]
    score: float
    why: str


@agent
def judge(evidence: Evidence) -> list[Ranked]:
    """Rank findings by severity x confidence x hotness of the file, the most urgent first."""
    ranked = [_ranked(each, evidence.hotness.get(each.finding.file, 0.0)) for each in evidence.findings]
    return sorted(ranked, key=lambda each: (-each.score, each.finding.file, each.finding.line or 0, each.sources))


def _ranked(merged: Merged, hotness: float) -> Ranked:
    """A file that nobody touches counts once, the hottest twice."""
    finding = merged.finding
    weight, heat = _WEIGHT[finding.severity], 1.0 + hotness
    return Ranked(
        finding=finding,
        sources=merged.sources,
        score=round(weight * finding.confidence * heat, 2),
        why=f"{finding.severity} {weight:g} x confidence {finding.confidence:.2f} x hotness {heat:.2f}",
    )
