"""Uses of tools and their results: where a conversation can be parted between them, and which have none."""

from collections.abc import Mapping, Sequence

from podium.model.corrections import RETRY_PROMPT
from podium.model.json import Json

_USES = frozenset({"tool-call", "builtin-tool-call"})
_RESULTS = frozenset({"tool-return", "builtin-tool-return", RETRY_PROMPT})


def cuts_in(messages: Sequence[Json]) -> Mapping[int, str]:
    """Return the places at which messages would be parted between a use of a tool and its result, with its name.

    Parted at a place are the messages before it from those from it on. A use that has no result yet is not cut.
    """
    open_uses: dict[str, tuple[int, str]] = {}
    cuts: dict[int, str] = {}
    for place, message in enumerate(messages):
        for part in message["parts"]:
            use = _id_of(part)
            if part["part_kind"] in _USES and use is not None:
                open_uses[use] = place, part["tool_name"]
            elif part["part_kind"] in _RESULTS and use in open_uses:
                begin, name = open_uses.pop(use)
                cuts.update(dict.fromkeys(range(begin + 1, place + 1), name))
    return cuts


def unpaired(messages: Sequence[Json]) -> Mapping[tuple[int, int], str]:
    """Return uses of tools without a result after them, and results without a use before, with the names of the tools.

    They are told by the places of message and part. A provider's own tools are not among them: what those did, models
    tell as they like.
    """
    alone: dict[tuple[int, int], str] = {}
    waiting: dict[str, tuple[int, int]] = {}
    for place, message in enumerate(messages):
        for at, part in enumerate(message["parts"]):
            use, tool = _id_of(part), part.get("tool_name")
            if part["part_kind"] == "tool-call":
                alone[place, at] = tool
                if use is not None:
                    waiting[use] = place, at
            elif part["part_kind"] in ("tool-return", RETRY_PROMPT) and tool is not None:
                if use in waiting:
                    del alone[waiting.pop(use)]
                else:
                    alone[place, at] = tool
    return alone


def _id_of(part: Mapping[str, Json]) -> str | None:
    """Return by what a use and its result are known; None where a part has nothing that could be."""
    use: object = part.get("tool_call_id")
    return use if isinstance(use, str) else None
