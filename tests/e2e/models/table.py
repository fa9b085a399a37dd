"""How a model's server misbehaves, and how a run in front of it ends."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What a server does instead of answering."""

    RATE = "429, come back in a second"
    BROKEN = "500"
    SLOW = "no answer for a long time"
    GONE = "the connection ends before the answer"
    CUT = "a stream ends in the middle"
    MALFORMED = "the answer is no JSON"
    WRONG = "the answer is of another schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A server that misbehaves so often, then behaves; and what is expected of a run."""

    name: str
    faults: tuple[Fault, ...]
    requests: int
    """That the server sees, in all."""
    retries: tuple[str, ...] = ()
    """The kinds of failures after which the journal says that the call is tried again."""
    pause: float = 0.0
    """Seconds that each of these waits at least."""
    fails: str = ""
    """What the run's failure says; empty where it completes."""


ATTEMPTS = 3
TIMEOUT = 1.0
RETRY_AFTER = 1

CASES = (
    Case(name="well", faults=(), requests=1),
    Case(name="rate", faults=(Fault.RATE,), requests=2, retries=("rate",), pause=RETRY_AFTER),
    Case(name="broken", faults=(Fault.BROKEN,) * 2, requests=3, retries=("transport",) * 2),
    Case(name="slow", faults=(Fault.SLOW,), requests=2, retries=("timeout",)),
    Case(name="gone", faults=(Fault.GONE,), requests=2, retries=("transport",)),
    Case(name="cut", faults=(Fault.CUT,), requests=2, retries=("transport",)),
    Case(name="malformed", faults=(Fault.MALFORMED,), requests=2, retries=("transport",)),
    Case(name="wrong-once", faults=(Fault.WRONG,), requests=2),
    Case(name="wrong-twice", faults=(Fault.WRONG,) * 2, requests=3, retries=("validation",)),
    Case(
        name="mixed", faults=(Fault.RATE, Fault.BROKEN), requests=3, retries=("rate", "transport"),
    ),
    Case(
        name="always-broken", faults=(Fault.BROKEN,) * ATTEMPTS, requests=ATTEMPTS, retries=("transport",) * 2,
        fails="TransportFailed",
    ),
    Case(
        name="always-limited", faults=(Fault.RATE,) * ATTEMPTS, requests=ATTEMPTS, retries=("rate",) * 2,
        pause=RETRY_AFTER, fails="RateLimited",
    ),
    Case(
        name="always-wrong", faults=(Fault.WRONG,) * 2 * ATTEMPTS, retries=("validation",) * 2, fails="BadAnswer",
        requests=2 * ATTEMPTS - 1,  # the third attempt asks what the second did: only its last answer is asked for anew
    ),
)  # fmt: skip
