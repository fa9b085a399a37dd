"""What a call says in its conversation: what its agent was asked and answered, as its guards let both through."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from podium.model.conversation import ConversationTurn, as_text, exchange, in_request, in_response, is_asked
from podium.model.expected import TEXT
from podium.model.json import Json, encode
from podium.model.question import PersonAnswer

_WRAPPED = "response"
"""Names, in the arguments of an output tool, an answer that is no object."""

_OF_THE_SERVER = ("provider_response_id", "provider_details")
"""Fields by which a model's server finds again what it said itself."""


@dataclass(frozen=True, slots=True)
class SaidInTurn:
    """What a call says. Not changed after it is made."""

    asked: Json
    """What the agent was handed: the input as guards let it through."""
    answer: Json
    added: Sequence[Json] = ()
    """The messages that the agent added itself, if it did."""
    people: Sequence[str] = ()
    """Who gave the answer, where people did: one for each message of it."""

    @property
    def messages(self) -> Sequence[Json]:
        """What is appended."""
        return self.added or exchange(self.asked, self.answer)

    def kept(self) -> Json:
        """Return it as JSON, to be recorded beside the answer."""
        return {"asked": self.asked, "added": list(self.added)}

    def with_answer(self, answer: Json) -> "SaidInTurn":
        """Return the same with the answer that is given in place of the agent's own.

        In what the agent added its last answer is replaced. Where that is not found there, as it was worded otherwise
        for the model, only the question and the answer are said.
        """
        if encode(answer) == encode(self.answer):
            return self
        return replace(self, answer=answer, added=_replaced(self.added, self.answer, answer))

    def worded(self, turn: ConversationTurn, input: Json) -> Sequence[Json]:
        """Return what is appended, as the caller has it in its turn; `input` is what the agent was to be handed."""
        if turn.says == "nothing":
            return ()
        said = list(self.messages)
        if turn.answered is not None:
            words = turn.answered(self.answer)
            if words is None:
                return ()
            TEXT.check(f"what `answered` gives in conversation {turn.name!r}", words)
            said = _ending_with(said, words)
        if not is_asked(said[0]):
            return said
        if turn.says == "answer":
            return said[1:]
        if turn.asked is None or encode(self.asked) != encode(input):
            return said
        return [in_request(turn.asked), *said[1:]]


def kept_said(kept: Json, answer: Json) -> SaidInTurn:
    """Return what was recorded with an answer."""
    return SaidInTurn(kept["asked"], answer, kept["added"])


def said_by_people(asked: Json, answer: Json, people: Sequence[PersonAnswer]) -> SaidInTurn:
    """Return what people said: each of several in a message of its own."""
    if len(people) == 1:
        return SaidInTurn(asked, answer, people=[people[0].by])
    said = [in_request(as_text(asked)), *(in_response(as_text(each.value)) for each in people)]
    return SaidInTurn(asked, answer, said, [each.by for each in people])


def _ending_with(said: list[Json], words: str) -> list[Json]:
    """Return messages whose last answer is these words, whether it was given as text, as JSON or by a tool."""
    last = max((place for place, each in enumerate(said) if each["kind"] == "response"), default=len(said))
    before, own, words_said = said[:last], said[last : last + 1], in_response(words)
    if own and own[0]["parts"] == words_said["parts"]:
        return said
    kept = {name: value for each in own for name, value in each.items() if name not in _OF_THE_SERVER}
    held: dict[str, Json] = {}
    for each in said[last:]:
        held |= each.get("metadata") or {}  # such as a summary, which stands beside what comes last
    return [*before, {**kept, **words_said, **({"metadata": held} if held else {})}]


def _replaced(added: Sequence[Json], before: Json, after: Json) -> Sequence[Json]:
    for place in range(len(added) - 1, -1, -1):
        message = added[place]
        if message["kind"] == "response" and (parts := _parts_with(message["parts"], before, after)) is not None:
            own = {name: each for name, each in message.items() if name not in _OF_THE_SERVER}
            return [*added[:place], {**own, "parts": parts}, *added[place + 1 :]]
    return ()


def _parts_with(parts: Sequence[Json], before: Json, after: Json) -> list[Json] | None:
    """Return the parts of a response with another answer, and without thoughts about it; None where it has none."""
    changed = [_part_with(part, before, after) for part in parts]
    if all(each is None for each in changed):
        return None
    pairs = zip(parts, changed, strict=True)
    return [part if new is None else new for part, new in pairs if new is not None or part["part_kind"] != "thinking"]


def _part_with(part: Mapping[str, Json], before: Json, after: Json) -> Json:
    """Return a part that holds the answer with another one in its place; None where it holds none."""
    field = {"text": "content", "tool-call": "args"}.get(part["part_kind"])
    there = part.get(field) if field is not None else None
    if field == "content" and there == as_text(before):
        return {"part_kind": "text", "content": as_text(after)}
    value = _loaded(there) if isinstance(there, str) else there
    if value == before and not (field == "content" and isinstance(before, str)):
        new = after
    elif value == {_WRAPPED: before}:
        new = {_WRAPPED: after}
    else:
        return None
    kept = {"part_kind": "text"} if field == "content" else part
    return {**kept, str(field): as_text(new) if isinstance(there, str) else new}


def _loaded(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text
