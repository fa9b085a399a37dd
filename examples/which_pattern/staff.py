"""The agents: what each does, what a call of it costs and how long it takes. Prices and times are assumptions."""

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from examples.which_pattern.messages import Message
from examples.which_pattern.trained import Guess, Trained
from podium import Agent, agent
from podium.model.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a call costs, in US dollars, and how many seconds it takes."""

    usd: float
    seconds: float


OFFERS = {
    "keywords": Offer(0.0001, 0.05),
    "normalise": Offer(0.0005, 0.1),
    "bayes": Offer(0.001, 0.3),
    "raw_bayes": Offer(0.001, 0.3),
    "nearest": Offer(0.002, 0.5),
    "letters": Offer(0.002, 0.8),
    "handbook": Offer(0.005, 1.0),
    "judge": Offer(0.005, 1.0),
    "critic": Offer(0.005, 1.0),
    "manager": Offer(0.005, 1.0),
    "expert": Offer(0.03, 4.0),
}
CHEAP = ("keywords", "bayes", "nearest", "letters")


class Staff:
    """Agents that have learnt from the same messages and work by the same clock."""

    def __init__(self, known: Sequence[Message], clock: Clock) -> None:
        self.trained = functools.cache(self._train)
        """The readers by name, each trained when it is first asked for."""
        self.processor_seconds = 0.0
        """What the agents' own work has used of the processor."""
        self._known = known
        self._clock = clock

    def _train(self, name: str) -> Trained:
        return Trained(name, self._known)

    def hire(self, name: str, function: Callable[..., T]) -> Agent[Any, T]:
        """Make an agent of a function, at the price and with the time of its name."""
        offer = OFFERS[name]

        @functools.wraps(function)
        async def work(*args: Any, **kwargs: Any) -> T:
            begun = time.process_time()
            answer = function(*args, **kwargs)
            self.processor_seconds += time.process_time() - begun
            await self._clock.sleep_until(self._clock.now() + offer.seconds)
            return answer

        return agent(name=name, usd=offer.usd)(work)

    def reader(self, name: str) -> Agent[Any, Guess]:
        """Return a reader that says how sure it is."""

        def guess(task: str) -> Guess:
            return self.trained(name).guess(task)

        return self.hire(name, guess)

    def voter(self, name: str) -> Agent[Any, str]:
        """Return a reader that gives the page alone, so that votes for the same page are the same."""

        def vote(task: str) -> str:
            return self.trained(name).guess(task).page

        return self.hire(name, vote)

    def by_strength(self) -> list[str]:
        """Return the cheap readers, those with most right in training first."""
        return sorted(CHEAP, key=lambda name: -self.trained(name).right)
