"""Members that answer badly, in the roles whose answer the pattern reads: how such a run ended must be found again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from podium.model.json import Json
from podium.patterns import (
    gate,
    handoff,
    magentic,
    mesh,
    plan_execute,
    state_machine,
    supervisor,
    task_force,
    transition,
)
from podium.patterns.building.pattern import Pattern
from tests.catalogue.roles import ROLES
from tests.catalogue.roles.in_place import IN_PLACE
from tests.catalogue.roles.role import PROBE, RoleEntry, says

_KNOWN: Mapping[str, RoleEntry] = {each.id: each for each in (*ROLES, *IN_PLACE)}


def _led(orchestrator: Any, ledger: Any = None) -> Pattern[Any, Any]:
    return magentic(orchestrator, [says("good", "a")], ledger=ledger or says("plan", {"facts": "none", "plan": "ask"}))


def _as(known: str, role: str, *, gives: Sequence[Json]) -> RoleEntry:
    """Return a role of the table, of a member that answers something else."""
    return replace(_KNOWN[known], role=role, gives=gives)


BADLY: Sequence[RoleEntry] = (
    _as("route_classifier_without_otherwise", "classifier who names no route", gives=["nowhere"]),
    _as("route_classifier_without_otherwise", "classifier who gives no name", gives=[5]),
    _as("group_chat_manager", "manager who names nobody there", gives=["one", "three"]),
    _as("debate_judge", "judge who names no label", gives=[{"winner": "Z"}]),
    _as("ensemble_judge", "judge who gives no ruling", gives=["the first"]),
    _as("vote_tie_breaker", "tie-breaker who chooses something else", gives=["z"]),
    RoleEntry(
        pattern="gate",
        role="check that says no yes or no",
        gives=["perhaps"],
        build=lambda it: gate(it, worker=says("worker", "one")),
    ),
    _as("cascade_confident", "confident who says no yes or no", gives=["perhaps"]),
    RoleEntry(
        pattern="plan_execute",
        role="planner who plans with nobody there",
        gives=[{"tasks": [{"id": "a", "worker": "nobody", "input": "it"}]}],
        build=lambda it: plan_execute(it, [says("good", "a")]),
    ),
    RoleEntry(
        pattern="plan_execute",
        role="planner who gives no plan",
        gives=["a plan"],
        build=lambda it: plan_execute(it, [says("good", "a")]),
    ),
    RoleEntry(pattern="magentic", role="orchestrator who gives no ledger", gives=["go on"], build=_led),
    RoleEntry(
        pattern="magentic", role="ledger without a plan", gives=[{}], build=lambda it: _led(says("lead", "no"), it)
    ),
    _as("blackboard_watcher", "watcher who posts no mapping", gives=[5]),
    RoleEntry(
        pattern="mesh",
        role="peer who writes to nobody there",
        gives=[{"messages": [{"to": "nobody", "type": "ask"}]}],
        build=lambda it: mesh(it, says("other", None)),
    ),
    RoleEntry(
        pattern="state_machine",
        role="entry action that gives an unknown event",
        gives=["fly"],
        build=lambda it: state_machine(
            transition("start", "end", on="go"), start="start", ends=["end"], entry={"start": it}
        ),
    ),
    RoleEntry(
        pattern="task_force",
        role="analyst who needs what nobody offers",
        gives=[{"capabilities": ["fly"], "work": "sequence"}],
        build=lambda it: task_force(it, candidates=[says("digger", "dug", capabilities={"dig"})]),
    ),
    RoleEntry(
        pattern="task_force",
        role="analyst who needs nothing",
        gives=[{"capabilities": [], "work": "sequence"}],
        build=lambda it: task_force(it, candidates=[says("digger", "dug", capabilities={"dig"})]),
    ),
    _as(
        "adaptive_analyst",
        "analyst whose parts wait for each other",
        gives=[{"tasks": [{"id": "a", "after": ["b"]}, {"id": "b", "after": ["a"]}]}],
    ),
    RoleEntry(
        pattern="supervisor",
        role="manager who never finishes",
        gives=["what?", {"assignments": [{"to": "nobody", "input": 1}]}],
        build=lambda it: supervisor(it, [says("digger", "dug")], rounds=2),
    ),
    RoleEntry(
        pattern="handoff",
        role="agent who never answers",
        gives=["what?", {"to": PROBE, "reason": "me"}],
        build=lambda it: handoff(it, says("other", {"answer": 1}), hops=2),
    ),
)
