"""The next generation of a run: the same run, begun again with another input and an empty journal."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, cast

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.describing import describe
from podium.engine.run.key_state import KeyState
from podium.engine.run.recorded import Recorded
from podium.errors import Diverged, Evicted, InvalidValue, UsageError
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.facts.runs import Restarted
from podium.store.codec import encode

_SHOWN = 3


class Restart(Recorded[None]):
    """Ends this generation of the run. Nothing stands at its key but a cancel: what follows has keys of its own."""

    __slots__ = ("input",)

    opens = Restarted

    def __init__(self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, input: Any) -> None:
        super().__init__(active, branch, path, key)
        self.input = input

    async def perform(self, branch: BranchTask) -> NoReturn:
        """Check it, before anything is recorded: its place, that nothing is open, and the input."""
        self._check_place(branch)
        self._check_open(branch)
        version, payload = self._checked_input()
        await super().perform(branch)
        await self._settle()
        await self.active.live(branch, self.key)
        if branch.cancel is Cancel.DELIVERED:
            branch.deliver(self.key)  # a run that was asked to stop does not begin again
        self.active.restart(version, payload)
        await branch.at(self.key, asyncio.get_running_loop().create_future())  # until it is unwound
        raise Evicted

    def described(self) -> str:
        """Return what it is."""
        return "a restart of the run"

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> NoReturn:
        """Raise Diverged: it has no end that anybody is handed."""
        raise Diverged(self.key, describe(end), self.described())

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> None:
        """Wait until everything recorded was handed out."""
        await self.active.live(branch, self.key)

    async def _settle(self) -> None:
        """Give back the money that is held ahead, and wait until all that is asked of the store is done."""
        self.active.escrows.give_back()
        await self.active.journal.committed()  # then one that was just being set aside is given back as well
        await self.active.journal.committed()

    def _check_place(self, branch: BranchTask) -> None:
        active = self.active
        if branch is not active.main or self.path != active.generation.path:
            raise UsageError(
                "ctx.restart was asked for in a branch, or in a workflow that was called. Only the workflow that was "
                "started as the run restarts it: return a value that tells it to."
            )

    def _check_open(self, branch: BranchTask) -> None:
        if branch.unawaited:
            raise UsageError(
                f"the run cannot restart: what was asked for at {_listed(branch.unawaited)} was not awaited. Await it, "
                "or `.close()` what is not wanted."
            )
        if branch.children:
            raise UsageError(
                "the run cannot restart while branches of it are open: leave the block of `ctx.select` before."
            )
        if children := self.active.history.spawned:
            raise UsageError(
                f"the run cannot restart: nobody has awaited the result of child run {_listed(children)}. Await "
                "`child.result()`, or let it go on by itself with `child.detach()`."
            )

    def _checked_input(self) -> tuple[str, bytes]:
        """Return the version that takes the input, the newest that is known here, and the input as it is stored."""
        runtime = self.active.runtime
        workflow: AnyAgent = runtime.dispatcher.registry.get(self.active.run.workflow)
        try:
            payload = encode(workflow.input.dump(self.input))
        except InvalidValue as error:
            card = workflow.card
            raise InvalidValue(f"{card.name} version {card.version} cannot restart with this input: {error}") from error
        if len(payload) > (most := runtime.max_payload_bytes):
            raise InvalidValue(f"the input has {len(payload)} bytes; {most} are allowed")
        return workflow.card.version, payload


def restart(active: ActiveRun, branch: BranchTask, path: str, key: str, input: Any) -> Coroutine[Any, Any, NoReturn]:
    """Return what restarts a run when it is awaited; as a coroutine, of which alone it is known that none returns."""
    return cast("Coroutine[Any, Any, NoReturn]", Restart(active, branch, path, key, input=input))


def _listed(names: Any) -> str:
    known = list(names)
    return ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
