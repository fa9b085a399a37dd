"""What a team said last, without how it came to that."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from podium.engine.context import Context
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.members import Member
from podium.patterns.building.named import filled_by
from podium.patterns.building.talking import words


class TeamResult(ABC):
    """What a team came to, and how."""

    __slots__ = ()

    @property
    @abstractmethod
    def last(self) -> object:
        """What it said last: its answer, without the rest."""
        ...


def last_word(value: object) -> object:
    """Return what a team said last; what anybody else gave as it is."""
    while isinstance(value, TeamResult):
        value = value.last
    return value


def words_of(ctx: Context, member: Member, *, last_only: bool) -> Callable[[Json], str]:
    """Return what gives the words that a member says in its next call; of a team its last, with `last_only`."""
    member = filled_by(ctx, member)
    if not last_only or not is_agent(member):
        return words
    return lambda answer: words(last_word(member.output.restore(answer)))
