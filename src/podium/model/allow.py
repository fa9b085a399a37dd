"""Lists of what may be used: tools, as `AGENT/TOOL`, and agents that do something themselves."""

from collections.abc import Iterable

from podium.model.expected import NAMES

AllowList = tuple[str, ...]
"""Names, or patterns of names such as `bank/get_*`."""

ALLOW_RULE = "allow"
"""The rule that refuses what is not on a list."""


def allow_list(what: str, names: Iterable[str]) -> AllowList:
    """Return names as a list; raises UsageError for anything else, such as one text."""
    NAMES.check(what, names)
    return tuple(dict.fromkeys(names))
