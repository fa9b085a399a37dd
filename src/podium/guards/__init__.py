"""Checks of what goes into agents and comes out of them. May import `agents`, and what is below."""

from podium.guards.custom import guard
from podium.guards.patterns import patterns
from podium.guards.pii import NoPii, pii
from podium.guards.schema import schema
from podium.guards.screen import Screening, screen_by
from podium.guards.size import size

__all__ = ["NoPii", "Screening", "guard", "patterns", "pii", "schema", "screen_by", "size"]
