"""The words of policies: types of entities, actions, and what can be read of each variable."""

from collections.abc import Mapping

AGENT, TOOL, MEMORY, USER = "Agent", "Tool", "Memory", "User"
TENANT, GROUP, RUN, CAPABILITY = "Tenant", "Group", "Run", "Capability"
CALL, USE_TOOL, READ, WRITE = "call", "tool", "read_memory", "write_memory"

PRINCIPAL = "principal"
VERBS: Mapping[str, str] = {CALL: "call", USE_TOOL: "use", READ: "read", WRITE: "write to"}
"""The actions in a sentence."""

TYPES = (AGENT, TOOL, MEMORY, USER, TENANT, GROUP, RUN, CAPABILITY)
ACTIONS = (CALL, USE_TOOL, READ, WRITE)
_CARD = ("name", "version", "kind", "capabilities", "dangerous", "effects", "usd", "model", "trust")
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "principal": _CARD,
    "resource": (*_CARD, "agent"),
    "context": (
        "input", "user", "tenant", "caller", "callers", "depth", "run", "root", "attempt", "priority", "now",
    ),
}  # fmt: skip
"""What of each variable a policy can read."""

VARIES = frozenset({"input", "run", "root", "attempt", "priority", "now", "trust", RUN})
"""What differs between two calls of the same agent by the same principals."""

WHOLE_INPUT = "*input"
"""Among what a rule reads: the input itself, and not only members of it."""

IN_ENTITIES = frozenset({"trust", RUN})
"""What of that is said of the entities; the rest is in the context."""
