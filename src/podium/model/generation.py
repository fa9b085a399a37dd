"""The generations of a run: `ctx.restart` begins another one, whose keys have its number in front."""

from collections.abc import Iterator, Sequence

from podium.model.fact import Fact, FactKind
from podium.model.facts.runs import Repinned, Restarted, Started
from podium.model.run import START

_PREFIX = "g"


def path_of(generation: int) -> str:
    """Return the path of the workflow's own context: what is before its keys."""
    return "" if generation == 1 else f"{_PREFIX}{generation}"


def start_of(generation: int) -> str:
    """Return the key under which it stands whether the rules admitted the run, with the input of a generation."""
    return START if generation == 1 else f"{path_of(generation)}.{START}"


def number_in(part: str) -> int | None:
    """Return the number of the generation whose path this is, the first part of a key; None where it is none."""
    number = part.removeprefix(_PREFIX)
    return int(number) if part.startswith(_PREFIX) and number.isdecimal() else None


def generation_of(key: str) -> int:
    """Return the generation that a key belongs to."""
    return number_in(key.partition(".")[0]) or 1


def is_start(key: str) -> bool:
    """Whether it stands under a key if the rules admitted the run."""
    return key in (START, start_of(generation_of(key)))


def restarted_in(facts: Sequence[Fact]) -> tuple[Fact, Restarted] | None:
    """Return the last fact that began another generation, and what it says; None in the first."""
    for fact in reversed(facts):
        if fact.kind is FactKind.RESTARTED and isinstance(said := fact.content, Restarted):
            return fact, said
    return None


def in_generation(facts: Sequence[Fact], generation: int | None = None) -> list[Fact]:
    """Return the first fact of a run, and those of one of its generations: of the last, if none is named.

    Of one that is not recorded there is nothing but the first: a fork has none of those before the one it was cut in.
    """
    starts = [(place, fact) for place, fact in enumerate(facts) if fact.kind is FactKind.RESTARTED]
    numbers = [1, *(said.generation for _, fact in starts if isinstance(said := fact.content, Restarted))]
    bounds = [0, *(place for place, _ in starts), len(facts)]
    wanted = numbers[-1] if generation is None else generation
    if wanted not in numbers:
        return list(facts[:1])
    at = numbers.index(wanted)
    return [*facts[: at and 1], *facts[bounds[at] : bounds[at + 1]]]


def since_generation(facts: Sequence[Fact], generation: int) -> list[Fact]:
    """Return the first fact of a run, and those since one of its generations began."""
    for place, fact in enumerate(facts):
        said = fact.content if fact.kind is FactKind.RESTARTED else None
        if isinstance(said, Restarted) and said.generation == generation:
            return [*facts[:1], *facts[place:]]
    return list(facts)


def versions_in(facts: Sequence[Fact]) -> Iterator[str]:
    """Give the versions of the workflow that a run was driven with, the last first."""
    for fact in reversed(facts):
        match fact.content:
            case Started(version=version) | Restarted(version=version) | Repinned(after=version):
                yield version
            case _:
                pass


def generations_in(facts: Sequence[Fact]) -> Iterator[int]:
    """Give the numbers of the generations of which there are facts, besides the first fact of the run; in order."""
    if not any(fact.kind is FactKind.RESTARTED for fact in facts[1:2]):
        yield 1
    for fact in facts:
        if fact.kind is FactKind.RESTARTED and isinstance(said := fact.content, Restarted):
            yield said.generation
