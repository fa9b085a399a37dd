"""What people may have to say before a step is done, and with which arguments it is really done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from podium.model.json import Json
from podium.model.outcome import Refused
from podium.model.question import Ask
from podium.model.step import arguments_put_in

MAX_REFUSALS = 10
"""How many refusals an agent is told of in one call, unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What people may have to say before a step is done, and what becomes of it if they, or a rule, do not allow it."""

    ask: Ask | None = None
    """What they are asked before it is begun, unless a rule asked and they allowed it; None where nobody has to be."""
    edit: Json = None
    """JSON Schema of the arguments that they may put in place of those of its input; None where they may not."""
    arguments: Json = None
    """Those with which it is done, where they are not those of its input: rules judge these. None where they are."""
    refused: Callable[[Refused], Json] | None = None
    """Returns the value of the step where it is not allowed; None where the call is refused with it."""
    max_refusals: int = MAX_REFUSALS
    """How many steps of a call may have such a value: the next one that is not allowed refuses the call."""

    def sent(self, input: Json, granted: Mapping[str, Json]) -> Json:
        """Return what a step really sends, of what people said who allowed it: with the arguments put in last."""
        edited = arguments_put_in(granted)
        arguments = self.arguments if edited is None else edited
        return input if arguments is None else {**input, "arguments": arguments}


NO_CONSENT = Consent()
