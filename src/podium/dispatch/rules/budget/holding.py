"""What calls under way have set aside: what is wanted inside one of them does not wait for that."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from podium.model.budget import Reservation
from podium.model.call import Call


class Holding:
    """What is set aside for calls and their steps, as long as they are under way, by their places."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, str]] = {}
        """By run and call: the reservations, by the step they are for; that of the call itself is for none."""

    @contextmanager
    def inside(self, call: Call, step: str, reservation: Reservation) -> Generator[None]:
        """Note what is set aside for a call, or for one of its steps, while that is under way."""
        held, at = self._held.setdefault(_place(call), {}), step or _beside(call)
        held[at] = reservation.id
        try:
            yield
        finally:
            held.pop(at, None)  # what was set aside before its input was judged is noted twice
            if not held:
                self._held.pop(_place(call), None)

    def around(self, call: Call, step: str = "") -> Sequence[str]:
        """Return what is set aside for the call of a step, and for the steps that it is inside.

        Of a call that is asked beside another one's answer: the same of the step in which it is asked.
        """
        held, within = self._held.get(_place(call)), step or _beside(call)
        if not held or not within:
            return ()
        return [name for at, name in held.items() if not at or within.startswith(f"{at}/")]


def _place(call: Call) -> tuple[str, str]:
    """Return run and key of a call; what a guard has asked beside it is part of it."""
    return call.run, call.key.partition("/")[0]


def _beside(call: Call) -> str:
    """Return the step in which a call is asked beside another one; empty for a call of a workflow."""
    return call.key.partition("/")[2]
