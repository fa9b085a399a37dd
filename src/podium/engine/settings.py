"""What of the engine can be set."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.model.prices import NO_PRICES, PriceSettings

if TYPE_CHECKING:
    from podium.model.people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Times in seconds, sizes in bytes."""

    lease: float = 10.0
    """A worker that was not heard of for so long is declared dead, and its runs go to others."""
    grace: float = 8.0
    """What is under way when the worker stops may go on for so long; then it is cut."""
    poll: float = 0.2
    """How often a worker looks for what other processes left for it."""
    quarantine_after: int = 5
    """A run in which this many processes in a row died is set aside until a person requeues it."""
    max_facts: int = 1_000_000
    """A run with more facts is blocked, so that one that never ends cannot fill the disk."""
    max_payload_bytes: int = 64 * 1024 * 1024
    """The longest input or value of a call, as JSON text."""
    max_depth: int = 50
    """Workflows above a child run, with itself."""
    budget_wait: float = 600.0
    """The longest that a call waits for what others have set aside and may not need."""
    prices: PriceSettings = NO_PRICES
    """What things cost, as far as the settings say so."""
    keep_messages: bool = True
    """Whether what is sent to models is recorded."""
    keep_events: float = 7 * 86_400.0
    """Events of the system that are older are deleted."""
    watches_loops: bool = False
    """Whether what is asked and said in each branch is kept in memory, for rules that look for circles."""
    people: "People | None" = None
    """Those whom questions can be given to; None where nobody is known."""
    alive_file: str = ""
    """A file that is touched as long as the worker drives runs; none where it is empty."""
