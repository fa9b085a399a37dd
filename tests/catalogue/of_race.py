"""`race`."""

from podium import agent
from podium.patterns.race import race
from tests.catalogue.entry import Entry


@agent
async def race_broken(text: str) -> str:
    raise ValueError(text)


@agent
async def race_fine(text: str) -> str:
    return f"fine {text}"


def race_good(answer: str) -> bool:
    return answer.startswith("fine ")


ENTRY = Entry(build=lambda slot: race(race_broken, slot, race_fine, good=race_good), gives="fine go")
