"""How far an agent is trusted, from what became of its calls."""

from dataclasses import dataclass

START = 80
"""The trust of an agent of which nothing is known."""

HALF_LIFE = 7 * 86_400.0
"""Seconds after which an outcome counts half as much."""

_WEIGHT = 10.0
"""So many outcomes that nothing is known of weigh as much as the start."""
_VIOLATION = 10.0
"""A violation counts as this many failures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What became of calls of one version of an agent at about one time."""

    agent: str
    version: str
    at: float
    done: int = 0
    failed: int = 0
    violations: int = 0
    """Times that it tried what a policy or a guard forbids."""


@dataclass(slots=True)
class Standing:
    """Decayed counts of outcomes: a Beta distribution with exponential forgetting (Josang and Ismail 2002)."""

    good: float = 0.0
    bad: float = 0.0
    at: float = 0.0

    def add(self, evidence: Evidence) -> None:
        """Count outcomes, each worth half as much after each half-life."""
        bad = evidence.failed + _VIOLATION * evidence.violations
        if evidence.at >= self.at:
            self._age(evidence.at)
            self.good += evidence.done
            self.bad += bad
            return
        faded = 0.5 ** ((self.at - evidence.at) / HALF_LIFE)
        self.good += evidence.done * faded
        self.bad += bad * faded

    def trust(self, now: float) -> int:
        """Return the trust, 0 to 100: the mean of the distribution, drawn to the start by as much as is not known."""
        faded = 0.5 ** (max(0.0, now - self.at) / HALF_LIFE)
        good, bad = self.good * faded, self.bad * faded
        return int((START * _WEIGHT + 100 * good) / (_WEIGHT + good + bad))

    def _age(self, now: float) -> None:
        faded = 0.5 ** ((now - self.at) / HALF_LIFE)
        self.good *= faded
        self.bad *= faded
        self.at = now
