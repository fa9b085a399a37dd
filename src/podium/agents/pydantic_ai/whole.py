"""Whether what a model said is a whole answer: one that was cut, filtered or refused is not one."""

from typing import Literal

from pydantic_ai.exceptions import ContentFilterError, OutputTokenLimitExceeded
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import StreamedResponse

from podium.agents.pydantic_ai.failure import NoAnswer

Unfinished = Literal["fail", "more", "accept"]
"""What is done with an answer that was cut: the attempt fails, it is asked for with more tokens, or it counts."""

TWICE = 3
"""How often an answer that was cut is asked for with twice the tokens."""


def objection(response: ModelResponse, *, limit: int | None, by: str) -> Exception | None:
    """Return what is wrong with an answer; None where it is whole.

    `limit` is the `max_tokens` that was sent, `by` who set it, where its settings do not.
    """
    match response.finish_reason:
        case "length":
            most = "the model's own limit" if limit is None else f"{limit} tokens"
            said = "max_tokens of its settings"
            why = f", which {by} allows where no {said} is given" if by and limit is not None else ""
            return OutputTokenLimitExceeded(
                f"the answer of {response.model_name} was cut at {most}{why}: raise {said}, "
                'or say what to do with unfinished="more" or "accept"'
            )
        case "content_filter":
            said = (response.provider_details or {}).get("refusal") or response.text or "nothing"
            return ContentFilterError(f"{response.model_name} refused, or its provider filtered the answer: {said}")
        case "error":
            return NoAnswer(f"{response.model_name} ended its answer with an error")
        case _:
            return None


def require_end(streamed: StreamedResponse) -> None:
    """Raise NoAnswer for a stream that ended without saying so: it broke off, whatever was said until then."""
    if getattr(streamed, "_has_finish_reason", True) or getattr(streamed, "_has_refusal", False):
        return
    raise NoAnswer(f"the stream of {streamed.model_name} ended without a finish reason")
