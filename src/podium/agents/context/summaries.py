"""The summaries of one call: those that a conversation has, and those that are made in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import cast

from podium.agents.context.draft import Draft
from podium.agents.context.kept_summary import KeptSummary, SaidInDraft, digest_of, held_in, holding
from podium.errors import Forbidden, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.json import Json, is_array, is_object
from podium.model.outcome import Done, Failed, Refused
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps
from podium.model.steps import Steps

SUMMARY_STEP = "summary"
"""The name of the step in which an agent summarizes."""
_VAIN = "vain"
"""Says in the value of that step that a summary was made, and is of no use."""


class Summaries:
    """What was summarized for one call: what its conversation has, and what is made in it."""

    def __init__(self, call: Call, steps: Steps, before: Sequence[Mapping[str, Json]] = ()) -> None:
        self._call = call
        self._steps = steps
        self._known = [*held_in(before)]
        """All that may be of use, the last one first."""
        self._new: list[KeptSummary] = []
        self._failed: set[str] = set()
        self._noted: set[str] = set()
        self._agent = ""
        """The agent that summarizes; one call has one at most."""

    def of(self, agent: AnyAgent, draft: Draft) -> tuple[str, set[int]]:
        """Return the last summary by an agent that is of what a request says, and of which groups; or none of none."""
        return self._last(agent, draft, of_use=True)

    def vain_in(self, agent: AnyAgent, draft: Draft) -> set[int]:
        """Return the groups of a request of which an agent gave no summary that was of use when it was asked last."""
        return self._last(agent, draft, of_use=False)[1]

    def has_failed(self, agent: AnyAgent) -> bool:
        """Whether an agent could not summarize in this attempt of the call: it is not asked again."""
        return _named(agent) in self._failed

    async def make(
        self, agent: AnyAgent, draft: Draft, groups: set[int], text: str, objection: Callable[[str], str]
    ) -> str:
        """Have an agent summarize a text, once for ever, as a summary of these groups; empty where it cannot.

        `objection` says why a summary is of no use, and nothing of one that is. That it was not is kept as well: later
        turns know that it was paid in vain.
        """
        whole = text.encode("utf-8", "replace").decode()
        asked = {"agent": _named(agent), "text": whole}
        work = self._asking(agent, whole, objection)
        value = await self._steps.once(SUMMARY_STEP, work, key=digest_of(asked), input=asked)
        found = value.get("summary", "")
        if "failed" in value:
            self._failed.add(_named(agent))
        if "failed" not in value or value.get(_VAIN):
            made = SaidInDraft(draft).kept(_named(agent), groups, found)
            self._known.insert(0, made)
            self._new.append(made)
        return found

    def kept_with(self, messages: Sequence[Json]) -> list[Json]:
        """Return messages that the call says, the last with the summary that was made in it, if one was."""
        if not self._new or not messages:
            return list(messages)
        *others, last = messages
        made = next((each for each in reversed(self._new) if each.text), self._new[-1])
        return [*others, holding(last, made)]

    def note(self, why: str) -> None:
        """Record why no summary is sent; once in an attempt of the call for each reason."""
        if why not in self._noted:
            self._noted.add(why)
            self._steps.note(SUMMARY_STEP, {"agent": self._agent, "failed": why})

    def _last(self, agent: AnyAgent, draft: Draft, *, of_use: bool) -> tuple[str, set[int]]:
        self._agent = by = _named(agent)
        known = [each for each in self._known if each.by == by and bool(each.text) is of_use]
        said = SaidInDraft(draft) if known else None
        for each in known:
            if said is not None and (groups := each.groups_in(said)):
                return each.text, groups
        return "", set()

    def _asking(self, agent: AnyAgent, text: str, objection: Callable[[str], str]) -> Callable[[], Awaitable[Json]]:
        async def asked() -> Json:
            summary, why = await self._summary(agent, text)
            if why:
                self.note(why)
                return {"failed": why}
            if why := objection(summary):
                self.note(why)
                return {"failed": why, _VAIN: True}
            return {"summary": summary}

        return asked

    async def _summary(self, agent: AnyAgent, text: str) -> tuple[str, str]:
        """Return the summary by an agent, or why it could not: that it may not, or has a bug, ends the call."""
        name, steps = agent.card.name, cast("RuleSteps", self._steps)  # as the engine hands them out
        sent = partial(_without_what_was_said, len(text))
        match await steps.beside(agent, agent.input.dump(text), sent=sent):
            case Done(value):
                return _read(agent, value)
            case Failed(failure) if failure.kind is FailureKind.BUG:
                raise RuntimeError(f"{name}, which summarizes, failed: {failure.type}: {failure.message}")
            case Failed(failure):
                return "", f"{failure.type.rpartition('.')[2]}: {failure.message}"
            case Refused(rule, reason):
                raise Forbidden(rule, f"{name}, which summarizes, was refused: {reason}")
            case _:
                return "", f"{name} did not answer at once"


def _read(agent: AnyAgent, value: Json) -> tuple[str, str]:
    """Return the summary that an agent gave, or what is wrong with it."""
    try:
        found = agent.output.load(value)
    except InvalidValue as wrong:
        return "", f"InvalidValue: {wrong}"
    if not isinstance(found, str) or not found.strip():
        return "", f"{agent.card.name} gave {found!r:.100}: expected the text of a summary"
    return found, ""


def _without_what_was_said(characters: int, sent: Json) -> Json:
    """Return a request of an agent that summarizes as it is recorded: the conversation has what it was told.

    A copy in this run would outlive the redaction of the run in which it was said.
    """
    told = f"[{characters:,} characters of what was said before, which are not kept here]"
    messages = [each if is_array(each) else {**each, "parts": [_hidden(part, told) for part in each["parts"]]}
                for each in sent["messages"]]  # fmt: skip
    return {**sent, "messages": messages}


def _hidden(part: Json, told: str) -> Json:
    return {**part, "content": told} if is_object(part) and part["part_kind"] == "user-prompt" else part


def _named(agent: AnyAgent) -> str:
    return f"{agent.card.name}@{agent.card.version}"
