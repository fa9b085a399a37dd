"""Members that answer badly, in the roles whose answer the pattern reads: how such a run ended must be found again."""

from collections.abc import Sequence
from typing import Any

from podium.patterns import (
    Scaling,
    adaptive,
    blackboard,
    cascade,
    debate,
    ensemble,
    gate,
    group_chat,
    handoff,
    magentic,
    mesh,
    plan_execute,
    route,
    state_machine,
    supervisor,
    task_force,
    transition,
    vote,
    watch,
)
from podium.patterns.building.pattern import Pattern
from tests.catalogue.roles.role import PROBE, RoleEntry, says


def _analysed(analyst: Any) -> Pattern[Any, Any]:
    teams = Scaling(centralised=says("many", "2"), decentralised=says("peers", "3"))
    return adaptive(says("one", "1"), analyst=analyst, rule=teams)


def _led(orchestrator: Any, ledger: Any = None) -> Pattern[Any, Any]:
    return magentic(orchestrator, [says("good", "a")], ledger=ledger or says("plan", {"facts": "none", "plan": "ask"}))


def _always(_board: object) -> bool:
    return True


BADLY: Sequence[RoleEntry] = (
    RoleEntry(
        pattern="route",
        role="classifier who names no route",
        gives=["nowhere"],
        build=lambda it: route({"dig": says("digger", "dug")}, it),
    ),
    RoleEntry(
        pattern="route",
        role="classifier who gives no name",
        gives=[5],
        build=lambda it: route({"dig": says("digger", "dug")}, it),
    ),
    RoleEntry(
        pattern="group_chat",
        role="manager who names nobody there",
        gives=["one", "three"],
        build=lambda it: group_chat(says("one", "a"), says("two", "b"), next_speaker=it),
    ),
    RoleEntry(
        pattern="debate",
        role="judge who names no label",
        gives=[{"winner": "Z"}],
        build=lambda it: debate(says("one", "a", "!", "a"), says("two", "b", "!", "b"), rounds=1, judge=it),
    ),
    RoleEntry(
        pattern="ensemble",
        role="judge who gives no ruling",
        gives=["the first"],
        build=lambda it: ensemble(says("one", "a"), says("two", "b"), judge=it),
    ),
    RoleEntry(
        pattern="vote",
        role="tie-breaker who chooses something else",
        gives=["z"],
        build=lambda it: vote(says("one", "x"), says("two", "y"), decide="plurality", tie=it),
    ),
    RoleEntry(
        pattern="gate",
        role="check that says no yes or no",
        gives=["perhaps"],
        build=lambda it: gate(it, worker=says("worker", "one")),
    ),
    RoleEntry(
        pattern="cascade",
        role="confident who says no yes or no",
        gives=["perhaps"],
        build=lambda it: cascade(says("cheap", "a"), says("dear", "b"), confident=it),
    ),
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
    RoleEntry(
        pattern="blackboard",
        role="watcher who posts no mapping",
        gives=[5],
        input={"x": 1},
        build=lambda it: blackboard(watch(it, when=_always)),
    ),
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
    RoleEntry(
        pattern="adaptive",
        role="analyst whose parts wait for each other",
        gives=[{"tasks": [{"id": "a", "after": ["b"]}, {"id": "b", "after": ["a"]}]}],
        build=_analysed,
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
