"""The summaries of one call: those that a conversation has, and those that are made in it."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from podium.agents.context.draft import Draft
from podium.agents.context.piece import Piece, SaidPart
from podium.errors import AgentError, BadAnswer, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.context_change import spans
from podium.model.json import Json, is_array, is_object
from podium.model.outcome import Done, Failed
from podium.model.parts_said import arguments_of, text_of
from podium.model.steps import Steps
from podium.model.steps_apart import StepsApart

SUMMARY_STEP = "summary"
"""The name of the step in which an agent summarizes."""

_HELD_IN, _HELD_AS = "metadata", "summary"
"""The message with which a summary was kept holds it here. No model is sent that."""
_SAID = frozenset({"user-prompt", "text", "tool-call", "tool-return"})
"""Kinds of parts that all frameworks keep: what a summary is of is told by counting these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSummary:
    """A summary, and what it is of."""

    by: str
    """The agent that made it, with its version."""
    parts: tuple[tuple[int, int], ...]
    """What it is of: the first, and how many from there on, among all that was said."""
    digest: str
    """Of what that says: it is not used for anything else."""
    text: str

    def as_json(self) -> Json:
        """Return it as it is kept."""
        parts = [list(each) for each in self.parts]
        return {"by": self.by, "parts": parts, "digest": self.digest, "text": self.text}

    def groups_in(self, draft: Draft) -> set[int]:
        """Return the groups of a request that it is of; none where the request says something else there."""
        said = _said(draft)
        covered = {at for first, count in self.parts for at in range(first, first + count)}
        if _digest_of(said, covered) != self.digest:
            return set()
        own: dict[int, set[bool]] = {}
        for at, (group, _) in enumerate(said):
            own.setdefault(group, set()).add(at in covered)
        return {group for group, known in own.items() if known == {True}}


class Summaries:
    """What was summarized for one call, by agent."""

    def __init__(self, call: Call, steps: Steps, before: Sequence[Mapping[str, Json]] = ()) -> None:
        self._call = call
        self._steps = steps
        self._before = before
        """The messages of the conversation."""
        self._known: dict[str, KeptSummary | None] = {}
        self._new: KeptSummary | None = None
        self._failed: set[str] = set()

    def of(self, agent: AnyAgent) -> KeptSummary | None:
        """Return the last summary by an agent, of this call or else of its conversation."""
        by = _named(agent)
        if by not in self._known:
            held = (_held(each, by) for each in reversed(self._before))
            self._known[by] = next((each for each in held if each is not None), None)
        return self._known[by]

    def has_failed(self, agent: AnyAgent) -> bool:
        """Whether an agent could not summarize in this attempt of the call: it is not asked again."""
        return _named(agent) in self._failed

    async def make(self, agent: AnyAgent, draft: Draft, groups: set[int], text: str) -> KeptSummary | None:
        """Have an agent summarize a text, once for ever, as a summary of these groups; None where it cannot."""
        whole = text.encode("utf-8", "replace").decode()
        asked = {"agent": _named(agent), "text": whole}
        value = await self._steps.once(SUMMARY_STEP, self._asking(agent, whole), key=_digest(asked), input=asked)
        if "failed" in value:
            self._failed.add(_named(agent))
            return None
        said = _said(draft)
        covered = {at for at, (group, _) in enumerate(said) if group in groups}
        digest = _digest_of(said, covered)
        made = KeptSummary(by=_named(agent), parts=spans(covered), digest=digest, text=value["summary"])
        self._known[made.by] = self._new = made
        return made

    def kept_with(self, messages: Sequence[Json]) -> list[Json]:
        """Return messages that the call says, the last with the summary that was made in it, if one was."""
        if self._new is None or not messages:
            return list(messages)
        *others, last = messages
        held: Json = last.get(_HELD_IN) or {}
        return [*others, {**last, _HELD_IN: {**held, _HELD_AS: self._new.as_json()}}]

    def _asking(self, agent: AnyAgent, text: str) -> Callable[[], Awaitable[Json]]:
        async def asked() -> Json:
            try:
                return {"summary": await self._summary(agent, text)}
            except (AgentError, InvalidValue, TimeoutError, OSError) as problem:
                why = f"{type(problem).__name__}: {problem}"
                self._steps.note(SUMMARY_STEP, {"agent": _named(agent), "failed": why})
                return {"failed": why}

        return asked

    async def _summary(self, agent: AnyAgent, text: str) -> str:
        card, above = agent.card, self._call
        call = replace(
            above, key=f"{above.key}/{SUMMARY_STEP}", agent=card.name, version=card.version, attempt=1, timeout=None,
            input=agent.input.dump(text), conversation=None, granted={}, feedback="",
        )  # fmt: skip
        match await agent.run(call, StepsApart(self._steps, card.name, partial(_without_what_was_said, len(text)))):
            case Done(value):
                found = agent.output.load(value)
            case Failed(failure):
                raise BadAnswer(f"{card.name} failed: {failure.type}: {failure.message}")
            case _:
                raise BadAnswer(f"{card.name} did not answer at once")
        if not isinstance(found, str) or not found.strip():
            raise BadAnswer(f"{card.name} gave {found!r:.100}: expected the text of a summary")
        return found


def _without_what_was_said(characters: int, sent: Json) -> Json:
    """Return a request of an agent that summarizes as it is recorded: the conversation has what it was told.

    A copy in this run would outlive the redaction of the run in which it was said.
    """
    told = f"[{characters:,} characters of what was said before, which are not kept here]"
    messages = [each if is_array(each) else {**each, "parts": [_hidden(part, told) for part in each["parts"]]}
                for each in sent["messages"]]  # fmt: skip
    return {**sent, "messages": messages}


def _hidden(part: SaidPart, told: str) -> Json:
    return {**part, "content": told} if part["part_kind"] == "user-prompt" else part


def _named(agent: AnyAgent) -> str:
    return f"{agent.card.name}@{agent.card.version}"


def _said(draft: Draft) -> list[tuple[int, SaidPart]]:
    """Return what is said in a request without any rule, each with its group."""
    found: list[tuple[int, SaidPart]] = []
    for at, group in enumerate(draft.groups):
        pieces: list[Piece] = [draft.request.pieces[each] for each in group.pieces]
        found += [(at, part) for piece in pieces for part in piece.parts if part["part_kind"] in _SAID]
    return found


def _digest_of(said: Sequence[tuple[int, SaidPart]], covered: set[int]) -> str:
    """Return what tells these parts from others, whichever framework has them."""
    return _digest([len(covered), *(_plainly(part) for at, (_, part) in enumerate(said) if at in covered)])


def _digest(told: Json) -> str:
    return sha256(json.dumps(told).encode()).hexdigest()[:16]


def _plainly(part: SaidPart) -> Json:
    if part["part_kind"] == "tool-call":
        return [part["tool_name"], _loaded(arguments_of(part))]
    return [part["part_kind"], text_of(part["content"])]


def _loaded(arguments: str) -> Json:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _held(message: Mapping[str, Json], by: str) -> KeptSummary | None:
    """Return the summary that was kept with a message, if it has one by this agent."""
    told: Json = message.get(_HELD_IN)
    held: Json = told.get(_HELD_AS) if is_object(told) else None
    if not is_object(held) or held.get("by") != by:
        return None
    parts = tuple((first, count) for first, count in held["parts"])
    return KeptSummary(by=by, parts=parts, digest=held["digest"], text=held["text"])
