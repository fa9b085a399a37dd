"""`saga`: a step tries another saga, which fails and is undone."""

from podium import agent
from podium.model.json import Json
from podium.patterns.cascade import cascade
from podium.patterns.saga import saga, step
from tests.catalogue.entry import Entry


@agent
async def saga_book(text: str) -> str:
    return f"booked {text}"


@agent
async def saga_cancel(output: str) -> str:
    return f"cancelled {output}"


@agent
async def saga_decline(text: str) -> str:
    raise ValueError(text)


@agent
async def saga_report(task: str, done: dict[str, Json]) -> str:
    return f"{task}: {len(done)} steps"


ENTRY = Entry(
    build=lambda slot: saga(
        step(slot, saga_cancel),
        cascade(saga(step(saga_book, saga_cancel), saga_decline), "saga_book", confident=bool),
        saga_report,
    ),
    gives="go: 2 steps",
)
