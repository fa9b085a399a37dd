"""`refine`."""

from podium import agent
from podium.patterns.refine import refine
from tests.catalogue.entry import Entry


@agent
async def write(task: str, draft: str = "", verdict: str = "") -> str:
    return f"{draft}{task}."


def refine_enough(verdict: str) -> bool:
    return "go.go." in verdict


ENTRY = Entry(
    build=lambda slot: refine(write, slot, until=refine_enough, score=len),
    gives="go.go.",
)
