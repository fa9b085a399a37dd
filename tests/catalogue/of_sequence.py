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


ENTRY = Entry(build=lambda slot: sequence(trim, slot, len, lambda length: "x" * min(length, 7), shout), gives="XXXXXXX")
