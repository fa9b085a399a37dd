"""A summary as a conversation keeps it, and how it is found again in what was said."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from podium.agents.context.draft import Draft
from podium.agents.context.piece import SaidPart
from podium.model.context_change import spans
from podium.model.json import Json, is_object
from podium.model.parts_said import arguments_of, text_of

_HELD_IN, _HELD_AS = "metadata", "summary"
"""The message with which a summary was kept holds it here. No model is sent that."""
_SAID = frozenset({"user-prompt", "text", "tool-call", "tool-return"})
"""Kinds of parts that all frameworks keep: what a summary is of is told by counting these."""


class SaidInDraft:
    """What is said in a request without any rule, part by part: the group of each, and a digest of what it says."""

    def __init__(self, draft: Draft) -> None:
        said = [
            (at, part)
            for at, group in enumerate(draft.groups)
            for piece in group.pieces
            for part in draft.request.pieces[piece].parts
            if part["part_kind"] in _SAID
        ]
        self.groups = [at for at, _ in said]
        self._digests = [digest_of(_plainly(part)) for _, part in said]

    def digest(self, places: Sequence[int]) -> str:
        """Return what tells the parts at these places from others, whichever framework has them."""
        return digest_of([len(places), *(self._digests[at] for at in places if at < len(self._digests))])

    def kept(self, by: str, groups: set[int], text: str) -> "KeptSummary":
        """Return a summary of groups."""
        places = [at for at, group in enumerate(self.groups) if group in groups]
        return KeptSummary(by=by, parts=spans(places), digest=self.digest(places), text=text)


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
    """Empty where the agent gave none that was of use."""

    def as_json(self) -> Json:
        """Return it as it is kept."""
        parts = [list(each) for each in self.parts]
        return {"by": self.by, "parts": parts, "digest": self.digest, "text": self.text}

    def groups_in(self, said: SaidInDraft) -> set[int]:
        """Return the groups of a request that it is of; none where the request says something else there."""
        places = [at for first, count in self.parts for at in range(first, first + count)]
        if said.digest(places) != self.digest:
            return set()
        covered = {*places}
        return {*said.groups} - {group for at, group in enumerate(said.groups) if at not in covered}


def held_in(messages: Sequence[Mapping[str, Json]]) -> Iterator[KeptSummary]:
    """Give the summaries that were kept with messages, the last one first."""
    for message in reversed(messages):
        told: Json = message.get(_HELD_IN)
        held: Json = told.get(_HELD_AS) if is_object(told) else None
        if is_object(held):
            parts = tuple((first, count) for first, count in held["parts"])
            yield KeptSummary(by=held["by"], parts=parts, digest=held["digest"], text=held["text"])


def holding(message: Mapping[str, Json], summary: KeptSummary) -> Json:
    """Return a message with a summary that is kept with it."""
    held: Json = message.get(_HELD_IN) or {}
    return {**message, _HELD_IN: {**held, _HELD_AS: summary.as_json()}}


def digest_of(told: Json) -> str:
    """Return what tells JSON from other JSON."""
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
