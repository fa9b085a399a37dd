"""Compensations: what a workflow did is undone in reverse, durably, and no cancel cuts it short."""

from typing import Any

from podium.engine.calls.call import AgentCall
from podium.engine.calls.options import CallOptions
from podium.engine.calls.undo_rules import is_judged_anew
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.caller import Undo
from podium.engine.run.describing import shortened
from podium.engine.run.inputs import given, is_input, with_input
from podium.engine.run.key_state import KeyState
from podium.engine.run.recorded import Recorded
from podium.errors import CallError, Diverged, InvalidValue, MissingAgent, UnknownAgent, UsageError
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.facts.calls import UndoRegistered
from podium.model.retry import Retry
from podium.model.workflow_code import BRANCH
from podium.store.codec import encode

_PATIENCE = Retry(attempts=5, delay=1.0)
"""An undo is tried more often than a call, whatever its agent's card says."""


class OnUndo(Recorded[None]):
    """Registers a compensation."""

    __slots__ = ("_by", "_undo", "agent", "callers", "input", "undos")

    opens = UndoRegistered
    opening_ends_it = True

    def __init__(
        self,
        active: ActiveRun,
        branch: BranchTask,
        path: str,
        key: str,
        agent: AnyAgent | str,
        input: Any,
        undos: list[Undo],
        callers: tuple[str, ...],
    ) -> None:
        super().__init__(active, branch, path, key)
        self.agent = agent
        self.input = input
        self.undos = undos
        self.callers = callers

    async def perform(self, branch: BranchTask) -> None:
        """Record what is to be called, and with what, should the workflow fail."""
        known = self.active.history.records.get(self.key)
        opened = None if known is None else known.opened
        self._by = agent = self._agent(opened)
        card, (value, _) = agent.card, given(self.key, agent, self.input, opened)
        if card.anonymous:
            raise UsageError(f'{card.name} has no name to be found by when it is to undo: give it one, name="…".')
        self._undo = Undo(self.key, card.name, card.version, value)
        await super().perform(branch)
        self.undos.append(self._undo)

    def check(self, record: KeyState) -> None:
        """Raise Diverged unless the journal has this agent and this input under the key."""
        super().check(record)
        opened, now = record.opened, encode(self._undo.input)
        if opened is None or opened.payload is None:
            return
        if not is_input(self._by, opened.payload, now):
            raise Diverged(self.key, with_input(opened), f"the same with {shortened(now)}")

    def described(self) -> str:
        """Return which agent undoes."""
        return f"a compensation by {self._undo.agent}"

    def identity(self) -> dict[str, object]:
        """Return the name of the agent that undoes."""
        return {"agent": self._undo.agent}

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> None:
        """Return nothing: it is registered."""
        said = end.content
        if isinstance(said, UndoRegistered):
            self._undo.judged_anew, self._undo.registered_by = said.judged_anew, said.callers

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> None:
        """Record it; the next commit that a branch waits for takes it along.

        A cancel that was asked for waits for the next key: what is to be undone has happened.
        """
        await self.active.gate.passed()
        undo = self._undo
        undo.judged_anew = await is_judged_anew(self.active, branch, self.key, self._by, undo.input, self.callers)
        undo.registered_by = self.callers if undo.judged_anew else ()
        said = UndoRegistered(
            agent=undo.agent, version=undo.version, judged_anew=undo.judged_anew, callers=undo.registered_by
        )
        branch.last_at = self.active.journal.append(said, self.key, encode(undo.input))

    def _agent(self, registered: Fact | None) -> AnyAgent:
        """Return the agent; a name stands for the version that was registered, else for the newest."""
        dispatcher = self.active.runtime.dispatcher
        if not isinstance(self.agent, str):
            return dispatcher.route(self.agent)[0]
        said = None if registered is None else registered.content
        version = said.version if isinstance(said, UndoRegistered) and said.agent == self.agent else None
        try:
            return dispatcher.registry.get(self.agent, version)
        except UnknownAgent as error:
            raise MissingAgent(f"compensation {self.key}: {error}") from error


class UndoCall(AgentCall[Any]):
    """A call of what undoes: its input was judged when it was registered."""

    judged = True


class _NoCaller:
    """Who calls what undoes: it leaves no compensations behind."""

    callers = ()
    deadline = None

    def adopt(self, undos: list[Undo]) -> None:
        """Drop them: what undoes is not undone."""


def _restored(agent: AnyAgent, undo: Undo) -> object:
    """Return what a compensation was registered with; raises Diverged where its agent takes something else now."""
    try:
        return agent.input.restore(undo.input)
    except InvalidValue as error:
        recorded = f"a compensation by {undo.agent} with {shortened(encode(undo.input))}"
        raise Diverged(undo.key, recorded, str(error)) from error


def _place(undo: Undo) -> list[tuple[bool, int, str]]:
    """Sort by key: in which order branches registered theirs is another one on replay."""
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in undo.key.split(".")]


async def undo_all(active: ActiveRun, branch: BranchTask, undos: list[Undo]) -> list[str]:
    """Run the compensations, the last one first; returns what stayed uncompensated, in words."""
    if not undos:
        return []
    shield = BranchTask(branch.last_at, Cancel.DELIVERED)
    shield.task = branch.task
    shield.closed = branch.closed
    before, branch.children = branch.children, [shield]
    outer, branch.sheltered = BRANCH.set(shield), True  # the workflow's own code is over
    left: list[str] = []
    try:
        for undo in sorted(undos, key=_place, reverse=True):
            agent = active.runtime.dispatcher.registry.get(undo.agent, undo.version)
            options = CallOptions(retry=agent.card.retry if agent.card.retry.attempts > 1 else _PATIENCE)
            value = _restored(agent, undo)
            call = UndoCall(active, shield, "", f"{undo.key}.undo", agent, value, options, _NoCaller())
            call.allowed_before, call.registered_by = not undo.judged_anew, undo.registered_by
            try:
                await call.perform(shield)
            except CallError as error:
                left.append(f"{undo.agent} ({undo.key}): {error}")
    finally:
        BRANCH.reset(outer)
        branch.children, branch.sheltered = before, False
        branch.last_at = shield.last_at
    return left
