"""What models are told was wrong: with an answer, or with a use of a tool, which that belongs to."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from podium.model.json import Json

RETRY_PROMPT, RETRY_FEEDBACK = "retry-prompt", "retry-feedback"
"""Kinds of parts that say what was wrong. The first is of earlier versions of Pydantic AI, and may be about a tool."""

RETRIES = frozenset({RETRY_PROMPT, RETRY_FEEDBACK})

_CALL = "tool-call"


def is_correction(part: Mapping[str, Json]) -> bool:
    """Whether a part of a message says what was wrong with an answer that was no use of a tool."""
    return part["part_kind"] in RETRIES and not part.get("tool_name")


def without_corrections(messages: Sequence[Mapping[str, Json]], outputs: Collection[str]) -> Iterator[Json]:
    """Give messages without the answers that did not fit, and without what was wrong with them.

    `outputs` are the tools by which an answer is given. Uses of other tools stay with their results, also of those that
    were to be used again in another way.
    """
    for place, message in enumerate(messages):
        answered = message["kind"] == "response"
        told = messages[place + 1 : place + 2] if answered else [message]
        wrong = {each["tool_call_id"] for follows in told for each in follows["parts"] if _is_refused(each, outputs)}
        parts = [part for part in message["parts"] if part.get("tool_call_id") not in wrong and not is_correction(part)]
        refused = wrong or any(is_correction(part) for follows in told for part in follows["parts"])
        if answered and refused and not any(part["part_kind"] == _CALL for part in parts):
            continue
        if parts:
            yield {**message, "parts": parts}


def _is_refused(part: Mapping[str, Json], outputs: Collection[str]) -> bool:
    """Whether a part says what was wrong with an answer that was given by a tool."""
    return part.get("tool_name") in outputs and (part["part_kind"] == RETRY_PROMPT or part.get("outcome") == "retried")
