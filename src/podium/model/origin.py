"""Where an argument comes from, and what is declared of those who give values."""

from collections.abc import Collection
from typing import NamedTuple

from podium.model.expected import NAMES, Expected

Untrusted = bool | Collection[str]
"""Whether outsiders write what a tool or an agent gives: all of it, or what stands under these names in it."""

UNTRUSTED = Expected(
    'True, False, or names of members of what it gives, such as ("subject", "body")',
    lambda value: isinstance(value, bool) or NAMES.fits(value),
)


class ArgumentOrigin(NamedTuple):
    """Where one argument comes from."""

    from_request: bool
    """All of it stands in the request."""
    from_trusted: bool
    """All of it stands in the request, or in what a tool or agent gave whose results outsiders do not write."""
    untrusted: bool
    """Some of it stands in what outsiders write."""
    own: bool
    """Some of it nobody gave: it is the model's own, or that of the code that calls."""
    sources: frozenset[str]
    """The tools and agents that gave some of it."""
