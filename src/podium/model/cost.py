"""What was spent on something."""

from dataclasses import dataclass
from typing import Literal

Dimension = Literal["agent", "model", "workflow", "tenant", "day", "run", "conversation"]
"""By what costs are added up: a run with all the child runs that it started, a conversation with what its turns did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a workflow has spent so far, with all that it called and started."""

    usd: float
    """US dollars, as far as prices are known; what is in doubt counts."""
    tokens: int
    """Those that models were sent, and those that they wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was spent on one agent, model, workflow, tenant, day, run or conversation."""

    part: str
    calls: int
    requests: int
    """To models."""
    input_tokens: int
    output_tokens: int
    usd: float
    """US dollars, as far as prices are known."""
    in_doubt: float
    """US dollars that were set aside, or may have been spent, and nobody told: whether they were is not known."""
    unpriced: int
    """Calls and steps whose price is not known."""
    runs: int
    """Those that had a part in it, child runs not counted by themselves."""
    done: int
    """Those of them that have ended."""
    cpu_seconds: float = 0.0
    """Processor time of functions and programs, as far as it was measured."""
    gb_seconds: float = 0.0
    """GiB of memory times the seconds for which programs held them, as far as it was measured."""
    saved: float = 0.0
    """US dollars that answers which were given again had cost when they were first given, as far as that is known.

    Of which model they came is not known, so by model nothing is saved."""
    conversation: int | None = None
    """The number of the conversation in the store, where costs are added up by conversation: of one that was deleted
    and begun anew it is another one."""
    tenant: str | None = None
    """Whose conversation it is, where costs are added up by conversation."""

    @property
    def usd_per_done(self) -> float | None:
        """What each run that has ended cost, those that failed included."""
        return (self.usd + self.in_doubt) / self.done if self.done else None
