"""`cascade`: the samples of one disagree, one fails, one is not believed, the last one is."""

from podium import agent
from podium.model.call import Call
from podium.patterns.cascade import cascade
from tests.catalogue.entry import Entry


@agent
async def cascade_wavering(text: str, call: Call) -> str:
    return call.key.rpartition(".")[2]


@agent
async def cascade_broken(text: str) -> str:
    raise ValueError(text)


@agent
async def cascade_last(text: str) -> str:
    return f"last {text}"


def cascade_sure(answer: str) -> bool:
    return answer.startswith("sure")


ENTRY = Entry(
    build=lambda slot: cascade(cascade_wavering, cascade_broken, slot, cascade_last, confident=cascade_sure, samples=2),
    gives={"value": "last go", "tier": "cascade_last", "tried": ["cascade_wavering", "cascade_broken", "echo"]},
)
