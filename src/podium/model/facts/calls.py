"""What facts say of calls and of their steps, up to the answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from podium.model.facts.content import Blanked, Dropped, FactContent, Kept
from podium.model.facts.kind import FactKind
from podium.model.facts.parts import KeptUsage
from podium.model.json import Json
from podium.model.retry import FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(FactContent, kind=FactKind.ASKED):
    """A call begins. The payload is the input."""

    agent: Kept[str]
    version: Kept[str]
    why: Blanked[str | None] = None
    """Why this agent, where a router chose it."""
    lineage: Kept[int] = 1
    """That of its first attempt: a later one than 1 where it was asked before, and that was voided."""
    once: Kept[bool] = False
    """Whether the agent's effects are to happen `once`."""
    taken_from: Kept[str | None] = None
    """Where the same was asked before a retry, if its answer, or else what steps it had done, is taken from there."""
    conversation: Kept[str | None] = None
    """The conversation in which it is to have its turn."""
    heard: Kept[bool] = False
    """Whether a language model hears what the input tells as messages: earlier versions told it as one text."""
    label: Kept[str | None] = None
    """Of which sort it is, by the word of whoever calls: records of agents are told by it."""
    step: Kept[str | None] = None
    """The key of the step that needs its answer, where an agent calls another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(FactContent, kind=FactKind.RETRY):
    """An attempt failed and another follows."""

    attempt: Kept[int]
    """The number of the next one."""
    lineage: Kept[int]
    """That of the next one."""
    due: Kept[float | None]
    """When it may begin."""
    kind: Kept[FailureKind]
    type: Kept[str]
    """The class of the exception, or of the answer that was refused."""
    message: Blanked[str]
    fallen: Kept[int] = 0
    """Which fallback is asked next, from 1; 0 is the agent itself."""
    first: Kept[int] = 1
    """The attempt with which the fallback begins."""
    why: Blanked[str] = ""
    """What the one before the fallback said."""
    feedback: Blanked[str] = ""
    """For the agent, where its answer did not fit."""
    goes_on: Kept[str | None] = None
    """The key under which an inline workflow goes on with what it recorded, but for what failed; None to begin anew."""
    causes: Kept[tuple[str, ...]] = ()
    """The keys of the calls that made an inline workflow fail."""
    spares: Kept[bool] = False
    """Whether it goes on without asking for what was refused below: nobody is asked again who said no."""
    corrected: Kept[int] = 0
    """How often the one that is asked next was told that its answer is not accepted."""
    traceback: Dropped[str] = ""
    """Where it came from, as in an answer."""

    @property
    def begins_fallback(self) -> bool:
        """Whether the next attempt is the first of a fallback."""
        return self.first == self.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(FactContent, kind=FactKind.HELD):
    """A rule holds a call back until a time."""

    until: Kept[float]
    why: Blanked[str]
    rule: Kept[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectIntended(FactContent, kind=FactKind.INTENT):
    """What has `once` effects is about to start: a step, or a further attempt of a call."""

    name: Kept[str]
    epoch: Kept[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentCleared(FactContent, kind=FactKind.INTENT, cleared=True):
    """The agent says that the effect of a step did not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone(FactContent, kind=FactKind.STEP):
    """A step of a call is done. The payload is its value."""

    name: Kept[str]
    attempt: Kept[int]
    digest: Blanked[str]
    """Of what was sent."""
    usage: KeptUsage = None
    from_step: Kept[str | None] = None
    """The place of this step in an earlier attempt. Where its value was handed back there is no payload."""
    refused: Kept[str | None] = None
    """The rule that did not allow it, where its agent is told so: the payload is what it is told."""
    by: Kept[str] = ""
    """Who used that up: a fallback, or an agent that is asked beside that of the call; empty is the one asked first."""
    beside: Kept[bool] = False
    """Whether it is one that is asked beside, as a judge or to summarize: what the call says it cost is without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSent(FactContent, kind=FactKind.SENT):
    """What a step sent, for people to read: a replay passes it over. The payload is as `podium.model.sent` says.

    It stands before the step's value. Without a payload it says why what was sent is not kept, or that what was sent
    before at this place has failed.
    """

    attempt: Kept[int]
    began: Kept[float]
    """When it was sent."""
    type: Kept[str] = ""
    """The class of the exception, where it failed."""
    message: Blanked[str] = ""
    why: Blanked[str] = ""
    """Why what was sent is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRegistered(FactContent, kind=FactKind.UNDO):
    """A compensation is registered. The payload is what it is to be called with."""

    agent: Kept[str]
    version: Kept[str]
    judged_anew: Kept[bool] = False
    """Whether the policies did not allow it outright by then, so that they judge it when it is called."""
    callers: Kept[tuple[str, ...]] = ()
    """Then, the workflows on the way to where it was registered."""


Intent = EffectIntended | IntentCleared


def intent_shape(body: Mapping[str, Json]) -> type[Intent]:
    """Return the class that an intent is of."""
    return IntentCleared if body.get("cleared") else EffectIntended
