"""The rule that shortens results of tools which are no longer new."""

from dataclasses import dataclass

from podium.agents.context.draft import Draft
from podium.agents.context.summaries import Summaries
from podium.model.expected import NATURAL, check_fields
from podium.model.trimming import is_result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrimToolResults:
    """Sends of each result of a tool only the beginning, without files, but for the last ones.

    The uses stay, so the model sees what it has looked up and may do so again. Results that the model has not seen yet
    are whole, however many there are. Raises UsageError for what are no numbers from 0 on.
    """

    keep_last: int = 3
    """How many results, the last ones, are sent whole. Results of uses side by side count one by one."""
    characters: int = 200
    """How many characters are sent of the others, as JSON where they are no text. How many there were is said after."""

    def __post_init__(self) -> None:
        check_fields(self, {"keep_last": NATURAL, "characters": NATURAL})

    def __repr__(self) -> str:
        return f"TrimToolResults(keep_last={self.keep_last}, characters={self.characters})"

    async def shorten(self, draft: Draft, summaries: Summaries) -> None:
        """Trim the results that are long and not among the last, nor pinned."""
        places = [(group, piece) for group in sorted(draft.sent) for piece in draft.groups[group].pieces]
        results = [each for each in places if any(map(is_result, draft.request.pieces[each[1]].parts))]
        whole = {*draft.pinned, len(draft.groups) - 1}
        old = {piece for group, piece in results[: max(0, len(results) - self.keep_last)] if group not in whole}
        draft.trim(old, [piece for _, piece in results], self.characters, self)
