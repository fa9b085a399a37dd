"""The rule that has messages sent whatever rules after it say."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from podium.agents.context.draft import Draft
from podium.agents.context.piece import Piece, messages_of
from podium.agents.context.summaries import Summaries
from podium.errors import ConfigError
from podium.model.expected import FUNCTION, NATURAL, Expected, check_fields, is_sequence, or_none
from podium.model.json import Json


def _are_places(value: object) -> bool:
    return is_sequence(value) and all(map(NATURAL.fits, value))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PinMessages:
    """Has messages sent whatever the rules after it say.

    What they belong to is sent too: a use of a tool with its results, the question with an answer. Raises
    ConfigError where it pins nothing, UsageError for what is none of what it takes.
    """

    first: int = 0
    """How many messages from the beginning."""
    places: Collection[int] = ()
    """Their places, from 0, among the messages that would be sent without any rule."""
    when: Callable[[Json], bool] | None = None
    """Is handed each message, as `app.conversations.messages` gives them, and says whether to pin it."""

    def __post_init__(self) -> None:
        known = Expected("places, such as [0, 5]", _are_places)
        check_fields(self, {"first": NATURAL, "places": known, "when": or_none(FUNCTION)})
        if not (self.first or self.places or self.when):
            raise ConfigError("PinMessages() pins nothing: say PinMessages(first=2), or places=, or when=")

    def __repr__(self) -> str:
        said = [f"first={self.first}"] if self.first else []
        said += [f"places={list(self.places)}"] if self.places else []
        said += [f"when={getattr(self.when, '__name__', 'a function')}"] if self.when else []
        return f"PinMessages({', '.join(said)})"

    async def shorten(self, draft: Draft, summaries: Summaries) -> None:
        """Pin the groups of these messages."""
        places = frozenset(self.places)
        for at, group in enumerate(draft.groups):
            if self._pins([draft.request.pieces[each] for each in group.pieces], places):
                draft.pinned.add(at)

    def _pins(self, pieces: Sequence[Piece], places: Collection[int]) -> bool:
        if any(piece.at < self.first or piece.at in places for piece in pieces):
            return True
        return self.when is not None and any(map(self.when, messages_of(pieces)))
