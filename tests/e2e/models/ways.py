"""The ways in which code inside a call of an LLM agent asks a model or uses a tool."""

from collections.abc import Sequence

from tests.e2e.models.asking_ways import ASKING_WAYS
from tests.e2e.models.hook_ways import HOOK_WAYS
from tests.e2e.models.scripted import Script
from tests.e2e.models.tool_ways import TOOL_WAYS
from tests.e2e.models.way import PLAIN, Way

WAYS: Sequence[Way] = (*ASKING_WAYS, *HOOK_WAYS, *TOOL_WAYS)


def scripts_of(way: Way) -> dict[str, Script]:
    """Return what the models of a way answer."""
    return {**PLAIN, **way.scripts}
