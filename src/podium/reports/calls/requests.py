"""What was sent to models and how it was answered, read from the facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from podium.errors import NotPossible, UsageError
from podium.model.context_change import ContextChange, changes_of
from podium.model.conversation_state import ConversationMessage
from podium.model.empty import empty
from podium.model.fact import Fact
from podium.model.facts.calls import Asked, StepDone, StepSent
from podium.model.facts.runs import Redacted
from podium.model.facts.waits import TurnTaken
from podium.model.json import Json, is_object
from podium.model.outcome import Usage
from podium.model.sent import AFTER, SaidBefore, check_sent, put_together, same_as_before, sent_message
from podium.model.step import is_answer_step
from podium.reports.calls.messages import MessagePart, OfferedTool, parts_of, tools_of

_NOTHING: Mapping[str, Json] = {"messages": []}
_NOWHERE: Mapping[int, Sequence[ConversationMessage]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """One request to a model: what was sent, and what came of it."""

    key: str
    """That of its step. Attempts of one request have the same."""
    agent: str
    """Whose request it is: the agent of the call, or one that a tool of it ran."""
    attempt: int
    """The attempt of the call in which it was made."""
    began: float
    """When it was sent, in seconds since 1970."""
    ended: float | None = None
    """When it was answered or had failed; None while it is under way, or where its process died."""
    model: str
    settings: Mapping[str, Json]
    tools: tuple[OfferedTool, ...]
    """The tools that the model was offered, those among them by which it gives its answer too."""
    native_tools: tuple[str, ...]
    """Tools of the model's provider."""
    output: Json
    """The JSON Schema of the answer where no tool has it: `{"mode": …, "schema": …}`; None is text."""
    instructions: str
    messages: tuple[MessagePart, ...]
    """All that was sent, the oldest first."""
    after: str | None = None
    """The key of the request before it in the same conversation."""
    same: int = 0
    """How many of the first messages are those of that request and its answer."""
    context: tuple[ContextChange, ...] = ()
    """What rules for the context of the agent left out, trimmed or had summarized."""
    answer: tuple[MessagePart, ...] | None = None
    answered_by: str = ""
    """The model that answered, as its provider names it."""
    finish_reason: str = ""
    usage: Usage | None = None
    passed_over: tuple[str, ...] = ()
    """What went wrong with models that were asked before the one that answered: `MODEL: error`."""
    not_kept: str = ""
    """Why nothing of what was sent is kept: it was too large, say. The model and all that was sent are empty then."""
    error: str = ""
    """How it failed: `TransportFailed: status_code: 503, …`. With an answer: code of the agent gave that instead."""


@dataclass(slots=True)
class _Conversations:
    """What was sent last at each step of a run, and answered."""

    said: Mapping[int, Sequence[ConversationMessage]]
    """The messages of conversations by their numbers."""

    agents: dict[str, str] = field(default_factory=empty(dict[str, str]))
    turns: dict[str, int] = field(default_factory=empty(dict[str, int]))
    """The number of the conversation in which a call had its turn last."""
    sent: dict[str, dict[str, Json]] = field(default_factory=empty(dict[str, dict[str, Json]]))
    answers: dict[str, Json] = field(default_factory=empty(dict[str, Json]))
    last: dict[str, int] = field(default_factory=empty(dict[str, int]))
    """The place of the last request of a step among those that were found."""
    found: list[SentRequest] = field(default_factory=empty(list[SentRequest]))

    def take(self, fact: Fact) -> None:
        match fact.content:
            case Asked(agent=agent):
                self.agents[fact.key] = agent
            case TurnTaken(n=n):
                self.turns[fact.key] = n
            case StepSent() as said:
                self._send(fact, said)
            case StepDone() as said if is_answer_step(said.name) and said.from_step is None:
                self._answer(fact, said)
            case _:
                pass

    def _send(self, fact: Fact, said: StepSent) -> None:
        place = self.last.get(fact.key)
        if said.type and fact.payload is None and not said.why and place is not None:
            self.found[place] = replace(self.found[place], error=_error(said), ended=fact.at)
            return
        if fact.payload is None and not said.why:
            return  # redacted
        call = fact.key.partition("/")[0]
        stored: Json = _NOTHING if said.why else fact.value()
        request: Json = _NOTHING
        after, not_kept = None, said.why
        try:
            check_sent(stored)
            after = f"{call}/{stored[AFTER]}" if AFTER in stored else None
            before, answer = self.sent.get(after or ""), self.answers.get(after or "")
            request = put_together(stored, before, answer, self._said_before(call))
        except (UsageError, LookupError) as wrong:
            stored, not_kept = _NOTHING, str(wrong)
        if not not_kept:
            self.sent[fact.key] = request
        self.last[fact.key] = len(self.found)
        messages: Json = request["messages"]
        self.found.append(SentRequest(
            key=fact.key, agent=request.get("agent") or self.agents.get(call, ""), attempt=said.attempt,
            began=said.began, ended=fact.at if said.type else None, model=request.get("model", ""),
            settings=request.get("settings", {}), tools=tuple(tools_of(request)),
            native_tools=tuple(request.get("native_tools", ())), output=request.get("output"),
            instructions=request.get("instructions", ""), messages=parts_of(messages), after=after,
            same=len(parts_of(messages[: same_as_before(stored)])), not_kept=not_kept, error=_error(said),
            context=changes_of(request),
        ))  # fmt: skip

    def _said_before(self, call: str) -> SaidBefore:
        known = self.said.get(self.turns.get(call, 0), ())
        return lambda _, revision: known[:revision] if revision <= len(known) else None

    def _answer(self, fact: Fact, said: StepDone) -> None:
        response: Json = fact.value()
        place = self.last.get(fact.key)
        if not is_object(response) or "parts" not in response or place is None:
            return  # redacted, or of a step of one's own that is named like those of models
        answer = self.answers[fact.key] = sent_message(response)
        before = response.get("failed_attempts") or ()
        self.found[place] = replace(
            self.found[place], answer=parts_of([answer]), ended=fact.at, usage=said.usage,
            answered_by=response.get("model_name") or "", finish_reason=response.get("finish_reason") or "",
            passed_over=tuple(f"{each['model_name']}: {each['error'] or each['outcome']}" for each in before),
        )  # fmt: skip


def _error(said: StepSent) -> str:
    return f"{said.type}: {said.message}" if said.type else ""


def conversations_in(facts: Iterable[Fact]) -> dict[int, tuple[str, int]]:
    """Return the conversations that a run had turns in by number: name, and the most messages that it saw there."""
    found: dict[int, tuple[str, int]] = {}
    for fact in facts:
        if isinstance(said := fact.content, TurnTaken):
            _, most = found.get(said.n, ("", 0))
            found[said.n] = said.conversation, max(said.revision, most)
    return found


def requests_of(
    run_id: str,
    facts: Sequence[Fact],
    key: str | None,
    said: Mapping[int, Sequence[ConversationMessage]] = _NOWHERE,
) -> tuple[SentRequest, ...]:
    """Return the requests to models of a call or step, or of the whole run, as they were sent one after the other.

    Those of agents that tools of the call ran are among them. `said` are the messages of the conversations in which
    the run had turns, by their numbers. Raises NotPossible where there are none, or they were not kept.
    """
    conversations = _Conversations(said)
    for fact in facts:
        conversations.take(fact)
    within = [each for each in conversations.found if key is None or each.key == key or each.key.startswith(f"{key}/")]
    if not within:
        raise NotPossible(_nothing(run_id, facts, key))
    return tuple(within)


def _nothing(run_id: str, facts: Iterable[Fact], key: str | None) -> str:
    facts = list(facts)
    where = f"run {run_id}" if key is None else f"{key} of run {run_id}"
    own = [fact for fact in facts if key is None or fact.key == key or fact.key.startswith(f"{key}/")]
    if key is not None and not own:
        return f"run {run_id} has nothing recorded under {key!r}. `podium runs show {run_id}` shows its keys."
    if any(isinstance(fact.content, Redacted) for fact in facts):
        return f"what was sent in {where} is gone: the run was redacted."
    if any(isinstance(said := fact.content, StepDone) and is_answer_step(said.name) for fact in own):
        return (
            f"what was sent in {where} was not kept: keep_messages was off, or an older version recorded it. "
            f"`podium runs show {run_id} KEY` shows the answers."
        )
    return (
        f"{where} has sent nothing to a model, as far as is recorded: it is no call of an LLM agent, or its first "
        "request is under way for less than 2 seconds."
    )
