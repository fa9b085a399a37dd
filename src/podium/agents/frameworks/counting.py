"""What the answer of a model came to, whatever its provider says of that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from podium.agents.frameworks.cap import OutputCap
from podium.agents.frameworks.usage import unmeasured, usage_of
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rates

NOTED = "usage"
"""The name under which it is noted that a provider did not say what an answer came to."""

UNSEEN = "unseen"
"""The name of the step that counts usage which no recorded request explains, and of the model that it is told of."""


@dataclass(slots=True)
class AnswerUsage:
    """Reads what an answer came to; where its provider does not say, or says nonsense, the most that it may."""

    rates: Rates
    cap: OutputCap
    note: Callable[[str, Mapping[str, Json]], None]
    _noted: bool = field(default=False, init=False)

    def __call__(self, response: Json) -> Usage:
        """Return tokens and price of a recorded response, and note once what is not known of them."""
        used, wrong = usage_of(response, rates=self.rates), unmeasured(response)
        if not wrong:
            return used
        most = self.cap.unsaid()
        if not self._noted:
            self._noted = True
            told = {"model": used.model, "usage": wrong, "counted": most.input_tokens + most.output_tokens}
            self.note(NOTED, told)
        return replace(
            used, input_tokens=most.input_tokens, output_tokens=most.output_tokens, usd=most.usd, in_doubt=True
        )
