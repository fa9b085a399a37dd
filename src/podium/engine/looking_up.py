"""The part of a context that gives out keys, and looks up what is recorded under them."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from podium.engine.calls.barred import barred
from podium.engine.calls.routing import agent_of
from podium.engine.primitives.lookups import CardsOf, Find, LastSpeaker, Records, SpentSoFar
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.same_on_replay import SameOnReplay
from podium.model.agent import AnyAgent


class LookingUp(SameOnReplay):
    """What a workflow learns of its surroundings."""

    __slots__ = ("_counter", "callers")

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str, callers: tuple[str, ...]) -> None:
        super().__init__(active, branch, path)
        self._counter = 0
        self.callers = callers
        """The workflows on the way from the root run to this one, the outermost first."""

    def _key(self) -> str:
        branch = self._branch
        if branch.closed or branch.sheltered or branch.open is not None or asyncio.current_task() is not branch.task:
            branch.refuse_use(self._path)
        key = self._next_key()
        self._counter += 1
        caller = sys._getframe(2)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - `inspect` takes far longer
        branch.unawaited[key] = caller.f_code, caller.f_lasti
        return key

    def _next_key(self) -> str:
        return f"{self._path}.{self._counter}" if self._path else str(self._counter)

    def find(self, capability: str, *, among: Sequence[AnyAgent | str] | None = None) -> Find:
        """Look up who offers a capability, of all who are registered or `among` some; gives their cards.

        Those whom the rules refuse in this run, whatever they are handed, are left out. What was found is recorded.
        """
        place = self._active, self._branch, self._path, self._key()
        return Find(*place, of=capability, barred=partial(barred, self._active, place[-1], self.callers), among=among)

    def last_speaker(self, *agents: str) -> LastSpeaker:
        """Look up which of these spoke last in `conversation`; gives its name in a list, empty for none. Recorded."""
        return LastSpeaker(self._active, self._branch, self._path, self._key(), agents=agents)

    def records(self, *agents: str, label: str | None = None) -> Records:
        """Look up how agents of these names did so far, or all that were asked; gives a Record for each version.

        With a `label` it is how they did in calls that were labelled so. Folded from the newest facts of the store; an
        agent that was never asked has none. The result is recorded.
        """
        return Records(self._active, self._branch, self._path, self._key(), agents=agents, label=label)

    def spent(self) -> SpentSoFar:
        """Look up what this workflow, or branch, has spent so far with all below it; gives one Spending. Recorded."""
        return SpentSoFar(self._active, self._branch, self._path, self._key())

    def cards(self, *agents: str) -> CardsOf:
        """Look up what agents say of themselves; gives the card of the newest version of each that is registered.

        What was found is recorded.
        """
        return CardsOf(self._active, self._branch, self._path, self._key(), agents=agents)

    def agent(self, name: str) -> AnyAgent | None:
        """Return the agent to which a call goes that is made next, by this name; None where nobody is called so.

        Where that call is recorded it is the recorded version, else the newest one.
        """
        return agent_of(self._active, self._next_key(), name)
