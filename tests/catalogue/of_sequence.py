"""`sequence`."""

from podium import agent
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def trim(text: str) -> str:
    return text.strip()


@agent
async def shout(text: str) -> str:
    return text.upper()


def crosses(length: int) -> str:
    return "x" * min(length, 7)


ENTRY = Entry(build=lambda slot: sequence(trim, slot, len, crosses, shout), gives="XXXXXXX")
