"""What one call wants otherwise than its agent's card says."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.dispatch.dispatcher import Target
from podium.model.fallback import FallbackValue
from podium.model.retry import Retry

Fallbacks = Sequence[Target | FallbackValue]
"""The agents that are asked, or the values that are taken, when an agent has failed for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What one call wants otherwise than its agent's card says."""

    timeout: float | None = None
    within: float | None = None
    retry: Retry | None = None
    fallback: Fallbacks | None = None


NO_OPTIONS = CallOptions()
"""What its agent's card says."""
