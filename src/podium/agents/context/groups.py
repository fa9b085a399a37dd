"""Which messages are only sent together: uses of tools and their results, all that one answer says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from podium.agents.context.piece import Piece
from podium.model.corrections import RETRY_PROMPT
from podium.model.empty import empty

_CALL, _RETURN = "tool-call", "tool-return"


@dataclass(slots=True)
class MessageGroup:
    """Pieces that are sent together, or left out together."""

    pieces: list[int]
    """Their places among all."""
    question: bool
    """Whether it is what the user says, and nothing else."""
    asks: bool = False
    """Whether the user may ask something in it, beside results of tools."""
    interrupted: bool = False
    """Whether the user says something in it between the use of a tool and its result."""
    asked_by: int | None = None
    """The group of the question that it belongs to, its own where it is one; None where there is none before it."""
    unanswered: set[str] = field(default_factory=empty(set[str]))
    """The uses of tools in it that have no result yet."""
    followed: bool = False
    """Whether something follows its answer."""
    earlier: bool = False
    """Whether it ends with what somebody said before the call: what the user says then is another question."""

    def add(self, place: int, piece: Piece) -> None:
        """Add a piece."""
        self.pieces.append(place)
        self.earlier = piece.earlier
        self.asks |= piece.by_the_user and not self.question
        self.followed |= piece.kind == "request" and not self.question
        self.unanswered.update(_ids(piece, _CALL))
        self.unanswered.difference_update(_ids(piece, _RETURN, RETRY_PROMPT))

    def take(self, other: "MessageGroup") -> None:
        """Add all of a group that follows."""
        self.pieces += other.pieces
        self.asks |= other.asks
        self.interrupted |= other.interrupted or other.question
        self.question = False
        self.unanswered |= other.unanswered
        self.followed |= other.followed
        self.earlier = other.earlier

    def goes_on_with(self, piece: Piece) -> bool:
        """Whether a piece that follows belongs to it."""
        if piece.by_the_user and not piece.beside_results:
            return self.question and not self.earlier
        if piece.kind == "response":
            return not self.question and (bool(self.unanswered) or not self.followed)
        return not self.question


def groups_of(pieces: Sequence[Piece]) -> list[MessageGroup]:
    """Return the groups of a request, one after the other; instructions are in none of them."""
    groups: list[MessageGroup] = []
    used_at: dict[str, int] = {}
    for place, piece in enumerate(pieces):
        if piece.stays:
            continue
        used = [used_at[each] for each in _ids(piece, _RETURN, RETRY_PROMPT) if each in used_at]
        if used:
            _join(groups, min(used))
        if not groups or not (used or groups[-1].goes_on_with(piece)):
            groups.append(MessageGroup([], question=piece.by_the_user and not piece.beside_results))
        groups[-1].add(place, piece)
        used_at.update(dict.fromkeys(_ids(piece, _CALL), place))
    _say_questions(groups)
    return groups


def _join(groups: list[MessageGroup], place: int) -> None:
    """Make one group of all from that of a piece on: the result of a tool may come later than what follows its use."""
    while groups[-1].pieces[0] > place:
        last = groups.pop()
        groups[-1].take(last)


def _say_questions(groups: Sequence[MessageGroup]) -> None:
    asked: int | None = None
    for at, group in enumerate(groups):
        asked = at if group.question else asked
        group.asked_by = asked


def _ids(piece: Piece, *kinds: str) -> Iterator[str]:
    """Give the ids of the uses of tools that parts of these kinds are about, those of a provider's tools too."""
    for part in piece.parts:
        found = part.get("tool_call_id")
        if isinstance(found, str) and str(part["part_kind"]).removeprefix("builtin-") in kinds:
            yield found
