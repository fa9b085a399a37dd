"""The type of every value that crosses a boundary of Podium."""

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""None, bool, int, float, str, a list of these, or a dict from str to these: what JSON can hold."""
