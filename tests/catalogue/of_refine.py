"""`refine`."""

from podium import agent
from podium.patterns.refine import refine
from tests.catalogue.entry import Entry


@agent
async def write(task: str, draft: str = "", verdict: str = "") -> str:
    return f"{draft}{task}."


ENTRY = Entry(
    build=lambda slot: refine(write, slot, until=lambda verdict: "go.go." in verdict, score=len),
    gives="go.go.",
)
