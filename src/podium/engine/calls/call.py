"""The call: from its key to its value."""

from collections.abc import Awaitable, Container
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

from podium.dispatch.dispatcher import Target
from podium.engine.calls.attempts import outcome_of
from podium.engine.calls.barred import barred
from podium.engine.calls.called import take_up_calls
from podium.engine.calls.ending import adopt_recorded, record_answer, record_failure
from podium.engine.calls.given import Given, given_by
from podium.engine.calls.open_call import OpenCall
from podium.engine.calls.options import NO_OPTIONS, CallOptions
from podium.engine.calls.retries import begin_anew, undid_itself
from podium.engine.calls.routing import registered, route
from podium.engine.calls.steps import CallSteps
from podium.engine.calls.taking_turns import first_want
from podium.engine.calls.tracing import traced
from podium.engine.calls.undo_rules import is_judged_anew
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.caller import Caller, Undo
from podium.engine.run.describing import describe, shortened
from podium.engine.run.inputs import given, is_input, with_input
from podium.engine.run.key_state import Asking, KeyState, asking_call
from podium.engine.run.progress import CallProgress, in_doubt, progress_of
from podium.engine.run.recorded import Recorded, restored
from podium.engine.run.undone import UNDO_OF
from podium.errors import CallFailed, CallRefused, Diverged, InvalidValue
from podium.model.agent import AnyAgent, Card
from podium.model.call import Call
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.content import Prepared, prepared
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.model.outcome import Cancelled, Done, Failed, Failure, Outcome, Refused
from podium.model.task import Task
from podium.model.told import Told
from podium.secrets.comparing import same_but_for_secrets
from podium.store.codec import decode

T = TypeVar("T")


class AgentCall(Recorded[T], Generic[T]):
    """One request to an agent."""

    __slots__ = ("_agent", "_payload", "_told", "_value", "_why", "caller", "input", "options", "target")

    opens = Asked
    judged = False
    """Whether its input was found good before it is asked for."""
    allowed_before = False
    registered_by: tuple[str, ...] = ()
    step: str | None = None
    """The key of the step that asks for it, where an agent calls another one."""

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, target: Target, input: Any,
        options: CallOptions, caller: Caller,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.target = target
        self._told, self.input = (input, input.text) if isinstance(input, Told) else (None, input)
        self.options = options
        self.caller = caller

    def check(self, record: KeyState) -> None:
        """Raise Diverged unless the journal has this agent and this input under the key."""
        self._resolve(record)
        opened, payload, agent = record.opened, self._payload, self._agent
        if opened is None:
            return
        if not isinstance(said := opened.content, Asked) or not same_but_for_secrets(said.agent, agent.card.name):
            raise Diverged(self.key, describe(opened), self.described())
        if opened.payload is not None and not is_input(agent, opened.payload, payload):
            raise Diverged(self.key, with_input(opened), f"the same agent with {shortened(payload)}")
        if not same_but_for_secrets(said.conversation, self._conversation):
            recorded, now = _talk(said.conversation), _talk(self._conversation)
            raise Diverged(self.key, f"{self.described()} in {recorded}", f"the same in {now}")

    def described(self) -> str:
        """Return which agent it asks."""
        return f"a call of {self._agent.card.name}"

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> T:
        """Have the agent asked, and its outcome recorded."""
        if record is None:
            self._resolve(None, await self._barred(branch, self.target) if isinstance(self.target, Task) else ())
        active, card, resumed = self.active, self.active.runtime.dispatcher.card(self._agent), record is not None
        if record is not None and record.opened is not None:
            begun_at = max(record.opened.at, active.history.retried_at)  # a retry gives as much time again
            open_call = self._open(branch, card, progress_of(record), begun_at, resumed=True)
            await self._take_up(branch, record, open_call)
            return await self._end(branch, card, await outcome_of(open_call))
        self._check_request(card)
        if not active.is_live(branch):
            await active.live(branch, self.key)
        place: str | None = None
        if active.history.retried and record is None:
            if (given := self._answered_before(card)) is not None:
                return await self._end(branch, card, given)
            place = self._begun_before(card)
        lineage = active.history.next_lineage(self.key)
        effects = first_want(active, self.key, self.options.conversation)
        asked_at = active.journal.append(self._asked(card, lineage, place), self.key, self._payload, effects)
        first: Outcome | None = None
        progress = CallProgress(lineage=lineage) if record is None else progress_of(record)
        if record is None and lineage == 1 and self._goes_straight(card):
            first = await self._attempt(branch, card, progress)
            if isinstance(first, Done):
                given = given_by(self._agent, first, active.runtime.max_payload_bytes)
                if isinstance(given, Given):
                    return await self._end(branch, card, given)
        progress.doubtful = card.effects == "once" and active.history.may_have_happened(self.key, self._request(card))
        open_call = self._open(branch, card, progress, asked_at, resumed=resumed)
        return await self._end(branch, card, await outcome_of(open_call, first))

    def _answered_before(self, card: Card) -> Given | None:
        """Take over the answer to the same question that the code asked elsewhere before a retry, if there is one."""
        active, history = self.active, self.active.history
        found = active.taken_over(self.key, self._request(card))
        given = None if found is None else self._given(found[1])
        if found is None or given is None:
            return None
        place = found[0]
        history.unclaimed.enter(self.key, self._request(card), None)
        lineage = history.next_lineage(self.key)
        active.journal.append(self._asked(card, lineage, place), self.key, self._payload)
        return given

    def _begun_before(self, card: Card) -> str | None:
        """Take over the steps of the same call that the code made elsewhere before a retry; returns where."""
        unclaimed, request = self.active.history.unclaimed, self._request(card)
        place = unclaimed.begun_elsewhere(self.key, request)
        unclaimed.enter(self.key, request, place)
        return place

    @property
    def _conversation(self) -> str | None:
        return None if self.options.conversation is None else self.options.conversation.name

    def _request(self, card: Card) -> Asking:
        return asking_call(card.name, self._payload, self._conversation)

    def _asked(self, card: Card, lineage: int, place: str | None) -> Prepared:
        return _asked(
            card.name, card.version, self._why, lineage, place, once=card.effects == "once",
            conversation=self._conversation, heard=self._told is not None, label=self.options.label,
            step=self.step,
        )  # fmt: skip

    def _given(self, end: Fact) -> Given | None:
        """Return an answer that is recorded elsewhere, if it still fits."""
        given = given_by(self._agent, Done(decode(end.payload)), self.active.runtime.max_payload_bytes)
        return given if isinstance(given, Given) else None

    def _open(
        self, branch: BranchTask, card: Card, progress: CallProgress, asked_at: float, *, resumed: bool
    ) -> OpenCall:
        for said in progress.asked.values():
            self.active.mailbox.questions.add(self.key, said.question)
        return OpenCall(
            active=self.active, branch=branch, path=self.path, key=self.key, agent=self._agent, card=card,
            input=self._value, options=self.options, caller=self.caller, progress=progress,
            deadline=self._deadline(branch, asked_at), since=branch.last_at, resumed=resumed,
            allowed_before=self.allowed_before, registered_by=self.registered_by, told=self._told,
            below=partial(self._below, branch),
        )  # fmt: skip

    def _below(
        self, branch: BranchTask, key: str, step: str, target: Target, input: Json, caller: Caller
    ) -> "CallInStep":
        """Make a call below this one, which one of its steps asks for."""
        return CallInStep(self.active, branch, self.key, key, target, input, caller, step=step)

    def _goes_straight(self, card: Card) -> bool:
        """Whether a new call of a first lineage has nothing to be careful of: no doubt, no deadline, no workflow."""
        return (
            self.options is NO_OPTIONS
            and card.effects != "once"
            and not card.traits.runs_inline
            and self.caller.deadline is None
            and self.key not in self.active.history.done_before_fork
            and self.key not in self.active.history.steps
        )

    def _attempt(self, branch: BranchTask, card: Card, progress: CallProgress) -> Awaitable[Outcome]:
        """Make the first attempt of a call that goes straight: as `outcome_of` would, without its book-keeping."""
        active, agent = self.active, self._agent
        run, own = active.run, agent.card
        call = Call(
            run=run.id, key=self.key, agent=own.name, version=own.version, input=self._value, timeout=card.timeout,
            tenant=run.tenant, principal=run.principal, root=run.root, priority=run.priority,
            callers=self.caller.callers, told=self._told,
        )  # fmt: skip
        steps = CallSteps(active, branch, call, agent, progress)
        work = active.runtime.dispatcher.dispatch(agent, call, steps)
        return branch.at(self.key, traced(active, own, call, work))

    async def _take_up(self, branch: BranchTask, record: KeyState, open_call: OpenCall) -> None:
        """Go on with a call that is recorded as begun."""
        await take_up_calls(open_call)
        present, progress = open_call.present(), open_call.progress
        is_value = isinstance(present, FallbackValue)
        if not is_value:
            progress.doubtful = in_doubt(present.card.effects, record, progress)
        if progress.doubtful:
            await self.active.gate.passed()  # a cancel waits until it is known whether there is something to undo
        elif is_value or not present.card.traits.runs_inline:
            await self.active.live(branch, self.key)
        elif undid_itself(open_call):
            await self.active.live(branch, self.key)
            begin_anew(open_call)

    def _deadline(self, branch: BranchTask, asked_at: float) -> float | None:
        """Return the time after which the answer is of no use: the caller's, or the call's own if that is sooner.

        What cleans up after a cancel, as when the time of the run was up, has time of its own.
        """
        above = None if branch.cancel is Cancel.DELIVERED else self.caller.deadline
        within = self.options.within
        if within is None:
            return above
        return asked_at + within if above is None else min(above, asked_at + within)

    def _check_request(self, card: Card) -> None:
        """Raise InvalidValue where the input is too large, and Blocked where nobody could undo what the agent does."""
        size, most = len(self._payload), self.active.runtime.max_payload_bytes
        if size > most:
            raise InvalidValue(f"the input of {card.name} has {size} bytes; {most} are allowed")
        if card.undo is not None:
            registered(self.active, self.key, card.undo)

    async def _barred(self, branch: BranchTask, task: Task) -> Container[str]:
        """Return the names of those whom the rules refuse anyway, where the router chooses among several."""
        dispatcher = self.active.runtime.dispatcher
        registry = dispatcher.registry
        agents = [registry.get(card.name, card.version) for card in registry.cards(task.capability)]
        if len(agents) <= 1:
            return ()
        await branch.shielded(dispatcher.look([dispatcher.card(agent) for agent in agents]))
        return await barred(self.active, self.key, self.caller.callers, branch, agents)

    def _resolve(self, record: KeyState | None, barred: Container[str] = ()) -> None:
        """Find the agent, and what it is really handed."""
        agent, self._why = route(self.active, self.key, self.target, record, barred)
        edited, opened = self.active.history.edited.get(self.key), None if record is None else record.opened
        self._agent = agent
        if edited is None:
            self._value, self._payload = given(self.key, agent, self.input, opened, judged=self.judged)
        else:
            self._value, self._payload = decode(edited), edited
        if self._told is not None and not _hears(agent, opened):
            self._told = None

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> T:
        """Return the recorded value; raises CallRefused or CallFailed as it was recorded."""
        agent, active = self._agent, self.active
        adopt_recorded(active, self.key, self.caller, record)
        match end.content:
            case AnsweredDone(degraded=degraded):
                opened = record.opened
                if active.runtime.watches_loops and opened is not None and opened.payload is not None:
                    branch.note_answer(self.key, agent.card.name, opened.payload, end.payload)
                active.degraded.update((lacks.key, lacks) for lacks in degraded)
                return restored(self.key, agent.output, decode(end.payload))
            case AnsweredRefused(rule=rule, reason=reason):
                raise CallRefused(reason, rule=rule, key=self.key)
            case AnsweredFailed() as said:
                raise self._failed(agent, Failure(said.kind, said.type, said.message, traceback=said.traceback))
            case _:
                raise Diverged(self.key, describe(end), f"the answer of {agent.card.name}")

    async def _end(self, branch: BranchTask, card: Card, outcome: Given | Failed | Refused | Cancelled) -> T:
        """Record how it ended, and hand the value back or raise."""
        active = self.active
        match outcome:
            case Given():
                undo = None if card.undo is None else await self._undo(branch, card.undo, outcome)
                at = record_answer(active, self.key, undo, self.caller, outcome)
                if active.runtime.watches_loops:
                    branch.note_answer(self.key, card.name, self._payload, outcome.payload)
            case Refused() | Failed():
                at = record_failure(active, self.key, outcome)
            case Cancelled():
                active.journal.append(KeysCancelled(keys=(self.key,), by=self.key), self.key)
                await active.journal.committed()
                branch.deliver(self.key)
        branch.last_at = at
        await active.journal.committed()
        match outcome:
            case Given():
                return outcome.value
            case Refused():
                raise CallRefused(outcome.reason, rule=outcome.rule, key=self.key)
            case Failed(failure):
                raise self._failed(self._agent, failure)

    async def _undo(self, branch: BranchTask, name: str, given: Given) -> Undo:
        """Return the compensation that the agent's card names, for what it was asked and has answered."""
        agent = registered(self.active, self.key, name)
        key, told = f"{self.key}.{UNDO_OF}", {"input": decode(self._payload), "value": decode(given.payload)}
        by = self.caller.callers
        anew = await is_judged_anew(self.active, branch, key, agent, told, by)
        return Undo(key, agent.card.name, agent.card.version, told, judged_anew=anew, registered_by=by if anew else ())

    def _failed(self, agent: AnyAgent, failure: Failure) -> CallFailed:
        message = f"{agent.card.name} failed at {self.key}: {failure.type}: {failure.message}"
        return CallFailed(message, kind=failure.kind, type=failure.type, key=self.key, recorded=failure.traceback)


class CallInStep(AgentCall[Json]):
    """A call that a step of another one asks for, which stands above it. Gives JSON."""

    __slots__ = ("step",)

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, target: Target, input: Json,
        caller: Caller, *, step: str,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key, target, input, NO_OPTIONS, caller)
        self.step = step

    async def perform(self, branch: BranchTask) -> Json:
        """Return what the agent gave, as JSON."""
        value = await super().perform(branch)
        return self._agent.output.dump(value)


@lru_cache(maxsize=4096)
def _asked(  # noqa: PLR0913 - the key of a cache: an object would have to be made first
    name: str, version: str, why: str | None, lineage: int, place: str | None, *, once: bool,
    conversation: str | None, heard: bool, label: str | None, step: str | None,
) -> Prepared:  # fmt: skip
    """Return what the fact says that an agent was asked."""
    return prepared(
        Asked(
            agent=name, version=version, why=why, lineage=lineage, taken_from=place, once=once,
            conversation=conversation, heard=heard, label=label, step=step,
        )
    )  # fmt: skip


def _hears(agent: AnyAgent, opened: Fact | None) -> bool:
    """Whether what a call tells is heard as messages; it goes on as it was begun, maybe by an earlier version."""
    if opened is None:
        return agent.card.traits.hears_messages
    return isinstance(said := opened.content, Asked) and said.heard


def _talk(conversation: str | None) -> str:
    return "no conversation" if conversation is None else f"conversation {conversation!r}"
