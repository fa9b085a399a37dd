"""What policies and lists keep off, and what they keep: `python -m benchmarks.plans`."""

import asyncio

from benchmarks.plans.playing import Figures, figures, injected, wished

_WAYS = (
    ("nothing", False, False), ("policies", True, False), ("lists", False, True), ("policies and lists", True, True),
)  # fmt: skip


def _line(name: str, found: Figures) -> str:
    kept, finished = len(found.kept), len(found.finished)
    return (
        f"{name:34} {kept:3}/{found.wished} ({kept / found.wished:6.1%})   {found.blocked:3}/{found.acts}"
        f" ({found.blocked / found.acts:6.1%})   {finished:3}/{found.attacked} ({finished / found.attacked:6.1%})"
    )


async def main() -> None:
    print(f"{'':34} {'plans kept':15}    {'acts blocked':15}   attacked runs finished")
    ways = {
        "nothing": (False, False),
        "policies": (True, False),
        "lists": (False, True),
        "policies and lists": (True, True),
    }
    for name, (policies, lists) in ways.items():
        print(_line(name, await figures(policies=policies, lists=lists)))
    for half in (1, 2):
        found = await figures(halves=(half,))
        print(_line(f"both, half {half}", found))
        plans = [each.id for each in wished().values() if each.half == half]
        attacks = [each.id for each in injected() if each.half == half]
        print("  not kept:", ", ".join(each for each in plans if each not in found.kept))
        print("  not blocked:", ", ".join(found.passed))
        print("  not finished:", ", ".join(each for each in attacks if each not in found.finished))


asyncio.run(main())
