"""The rule that shortens results of tools which are no longer new."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.agents.context.draft import Draft
from podium.agents.context.piece import Part
from podium.agents.context.summaries import Summaries
from podium.model.expected import NATURAL, check_fields
from podium.model.parts_said import text_of

_RESULTS = frozenset({"tool-return", "builtin-tool-return"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrimToolResults:
    """Sends of each result of a tool only the beginning, but for the last ones.

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
        results = [(group, piece) for group in sorted(draft.sent) for piece in draft.groups[group].pieces]
        results = [each for each in results if any(map(_is_result, draft.request.pieces[each[1]].parts))]
        whole = {*draft.pinned, len(draft.groups) - 1}
        old = [piece for group, piece in results[: max(0, len(results) - self.keep_last)] if group not in whole]
        trimmed = {each: self._trimmed(draft.request.pieces[each].parts) for each in old}
        draft.trim({each: parts for each, parts in trimmed.items() if parts is not None}, self)

    def _trimmed(self, parts: Sequence[Part]) -> Sequence[Part] | None:
        """Return parts with short results; None where they are short already."""
        shorter = [{**part, "content": self._short(part)} if _is_result(part) else part for part in parts]
        return shorter if any(map(_differ, shorter, parts)) else None

    def _short(self, part: Part) -> object:
        whole = text_of(part["content"])
        short = f"{whole[: self.characters]}… [{len(whole):,} characters, trimmed]"
        return short if len(short) < len(whole) else part["content"]


def _is_result(part: Part) -> bool:
    return part["part_kind"] in _RESULTS


def _differ(one: Part, other: Part) -> bool:
    return one.get("content") is not other.get("content")
