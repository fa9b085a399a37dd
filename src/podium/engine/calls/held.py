"""Steps of a call that its worker, which stops, lets begin no more."""

import asyncio
from collections.abc import Set as AbstractSet

from podium.engine.run.replay_gate import ReplayGate


class HeldSteps:
    """Counts the call's branch as held back while no step of the call is under way that can come to an end."""

    def __init__(self, gate: ReplayGate, under_way: AbstractSet[str]) -> None:
        self._gate = gate
        self._under_way = under_way
        self._held: list[str] = []
        self._stands = False

    async def wait(self, path: str) -> None:
        """Hold a step back, by its place in the call, until the task that asks for it is cancelled."""
        self._held.append(path)
        self.look()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._held.remove(path)
            self.look()

    def look(self) -> None:
        """Look again, after a step has ended or is held no more."""
        stands = bool(self._held) and all(map(self._waits, self._under_way))
        if stands is not self._stands:
            self._stands = stands
            if stands:
                self._gate.stand()
            else:
                self._gate.go()

    def _waits(self, path: str) -> bool:
        """Whether a step that is under way waits for one inside it that is held."""
        return any(each.startswith(f"{path}/") for each in self._held)
