"""What people may have to say before a step is done."""

from collections.abc import Callable
from dataclasses import dataclass

from podium.model.json import Json
from podium.model.outcome import Refused
from podium.model.question import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What people may have to say before a step is done, and what becomes of it if they, or a rule, do not allow it."""

    ask: Ask | None = None
    """What they are asked before it is begun, unless a rule asked and they allowed it; None where nobody has to be."""
    edit: Json = None
    """JSON Schema of the arguments that they may put in place of those of its input; None where they may not."""
    refused: Callable[[Refused], Json] | None = None
    """Returns the value of the step where it is not allowed; None where the call is refused with it."""


NO_CONSENT = Consent()
