"""What code says of what may be used from there on."""

from podium.engine.run.active_run import ActiveRun
from podium.model.allow import ALLOW_RULE, allow_list
from podium.model.facts.notices import Notice


def allow(active: ActiveRun, path: str, names: tuple[str, ...]) -> None:
    """Have only these tools and agents be used under a path from now on; it is noted when it is said first.

    The code says it again in each replay, so nothing has to be read back. Raises UsageError for what are no names.
    """
    said = allow_list("what ctx.allow is given", names)
    active.journal.allowed.narrow(path, said)
    if not active.gate.replaying:
        active.journal.append(Notice(guard=ALLOW_RULE, said={"only": list(said)}), path)
