"""`parallel`."""

from podium import agent
from podium.patterns.parallel import parallel
from podium.patterns.parts.merging import tree
from tests.catalogue.entry import Entry


@agent
async def parallel_shout(text: str) -> str:
    return text.upper()


@agent
async def parallel_broken(text: str) -> str:
    raise ValueError(text)


@agent
async def parallel_mirror(text: str) -> str:
    return text[::-1]


@agent
async def parallel_join(values: list[str]) -> str:
    return "+".join(values)


ENTRY = Entry(
    build=lambda slot: parallel(
        parallel_shout,
        slot,
        parallel_broken,
        parallel_mirror,
        partial=True,
        at_once=2,
        merge=tree(parallel_join, width=2),
    ),
    gives={
        "values": {"parallel_shout": "GO", "echo": "echo go", "parallel_mirror": "og"},
        "missing": {"parallel_broken": "parallel_broken failed at 0.0.2: ValueError: go"},
        "merged": "GO+echo go+og",
    },
)
