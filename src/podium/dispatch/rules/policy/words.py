"""The words of policies: types of entities, actions, and what can be read of each variable."""

from collections.abc import Mapping

AGENT, TOOL, MEMORY, USER, OPERATION = "Agent", "Tool", "Memory", "User", "Operation"
TENANT, GROUP, RUN, CAPABILITY = "Tenant", "Group", "Run", "Capability"
CALL, USE_TOOL, READ, WRITE, REQUEST = "call", "tool", "read_memory", "write_memory", "request"

PRINCIPAL = "principal"
ALL, ANY = "all", "any"
"""Of the context: what is said after them is said of all values of a list, or of any."""
VERBS: Mapping[str, str] = {CALL: "call", USE_TOOL: "use", READ: "read", WRITE: "write to", REQUEST: "request"}
"""The actions in a sentence."""

TYPES = (AGENT, TOOL, MEMORY, OPERATION, USER, TENANT, GROUP, RUN, CAPABILITY)
ACTIONS = (CALL, USE_TOOL, READ, WRITE, REQUEST)
_CARD = ("name", "version", "kind", "capabilities", "dangerous", "effects", "usd", "model", "trust")
ENTITY_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {"principal": _CARD, "resource": (*_CARD, "agent", "read_only")}
"""What of the principal and of the resource a policy can read; what of the context, `attributes` says."""

IN_ENTITIES = frozenset({"trust", RUN})
"""What differs between two calls of the same agent by the same principals, and is said of the entities."""


def whole(attribute: str) -> str:
    """Return what is among what a rule reads where that is an attribute itself, and not only members of it."""
    return f"*{attribute}"
