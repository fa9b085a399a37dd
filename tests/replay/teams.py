"""Every pattern as a workflow whose history is kept: the entries of the catalogue, which must not be changed either."""

from podium.model.agent import AnyAgent
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry, echo, entries, text_of


def name_of(pattern: str) -> str:
    return f"team_{pattern}"


def team(pattern: str, entry: Entry) -> AnyAgent:
    return sequence(entry.build(echo), text_of, name=name_of(pattern))


TEAMS: dict[str, AnyAgent] = {pattern: team(pattern, entry) for pattern, entry in entries().items()}
