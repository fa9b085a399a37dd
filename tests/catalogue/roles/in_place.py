"""Roles in which it matters where else somebody could do it: beside another, without a way out, as the last one."""

from collections.abc import Sequence

from podium.patterns import cascade, plan_execute, race, route
from tests.catalogue.roles.role import PROBE, RoleEntry, says

IN_PLACE: Sequence[RoleEntry] = (
    RoleEntry(
        pattern="race",
        role="agent beside another",
        gives=["a"],
        build=lambda it: race(it, says("other", "b")),
    ),
    RoleEntry(
        pattern="route",
        role="classifier without otherwise",
        gives=["dig"],
        build=lambda it: route({"dig": says("digger", "dug")}, it),
    ),
    RoleEntry(
        pattern="cascade",
        role="last tier",
        gives=["b"],
        build=lambda it: cascade(says("cheap", "a"), it, confident=says("sure", *[False])),
    ),
    RoleEntry(
        pattern="plan_execute",
        role="worker with an alternative",
        gives=["a"],
        build=lambda it: plan_execute(
            says("planner", {"tasks": [{"id": "a", "worker": PROBE, "alternatives": ["other"]}]}),
            [it, says("other", "b")],
        ),
    ),
)
