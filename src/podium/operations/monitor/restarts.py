"""How often agents were restarted lately, by whichever process: so that one that breaks again and again is noticed."""

from podium.model.shared_states import SharedStates
from podium.services.store_time import StoreTime
from podium.store.codec import decode, encode

_HOUR = 3_600.0


class Restarts:
    """When the agents of a store were restarted within the last hour."""

    def __init__(self, states: SharedStates, time: StoreTime) -> None:
        self._states = states
        self._time = time

    async def begin(self, name: str, version: str, *, most: int, anew: bool) -> bool:
        """Note that an agent is restarted now; False where it was so often enough, unless those `anew` do not count.

        Raises StoreError.
        """
        await self._time.learn()
        key, now = f"restarts:{name}:{version}", self._time.now()
        while True:
            seen = await self._states.get(key)
            times: list[float] = decode(seen) if seen and not anew else []
            lately = [at for at in times if now - at < _HOUR]
            if len(lately) >= most:
                return False
            if await self._states.swap(key, seen, encode([*lately, now]), now=now, until=now + _HOUR):
                return True
