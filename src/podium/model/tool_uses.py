"""Where a conversation can be parted so that no use of a tool is without its result."""

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
            use = part.get("tool_call_id")
            if part["part_kind"] in _USES and use is not None:
                open_uses[use] = place, part["tool_name"]
            elif part["part_kind"] in _RESULTS and use in open_uses:
                begin, name = open_uses.pop(use)
                cuts.update(dict.fromkeys(range(begin + 1, place + 1), name))
    return cuts
