"""Steps hang under their call, a step of a step under that one."""

from collections.abc import Sequence

from podium.reports.calls.node import CallNode


def hang_steps(call: CallNode, steps: Sequence[CallNode]) -> None:
    """Put the steps of a call under it, in the order in which they ended; names say where a step was inside another."""
    by_key = {step.key: step for step in steps}
    for step in steps:
        outer = _outer(step.key, by_key)
        step.name = step.key.removeprefix(f"{outer.key}/") if outer else step.name
        (outer or call).children.append(step)


def _outer(key: str, by_key: dict[str, CallNode]) -> CallNode | None:
    """Return the innermost step whose key this one's begins with."""
    while "/" in key:
        key = key.rpartition("/")[0]
        if key in by_key:
            return by_key[key]
    return None
