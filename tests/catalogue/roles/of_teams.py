"""The roles of patterns in which members talk, decide or are led: `supervisor`, `handoff`, `vote`, `magentic`, …"""

from collections.abc import Sequence
from typing import Any

from podium.model.json import Json
from podium.patterns import (
    Scaling,
    adaptive,
    blackboard,
    debate,
    ensemble,
    group_chat,
    handoff,
    magentic,
    mesh,
    supervisor,
    task_force,
    vote,
    watch,
)
from podium.patterns.building.pattern import Pattern
from tests.catalogue.roles.role import PROBE, RoleEntry, says

_BOSS: Sequence[Json] = [
    {"assignments": [{"to": PROBE, "input": "it"}, {"to": PROBE, "input": {"n": 1}}]},
    {"answer": "so"},
]


def _ledgers(
    plan: Any = None, lead: Any = None, final: Any = None, worker: Any = None, **options: Any
) -> Pattern[Any, Any]:
    """Plan, have a worker do two steps, stall, plan anew, and end."""
    facts = {"facts": "none", "plan": "ask"}
    return magentic(
        lead or says("lead", *_steps(PROBE if worker else "good")),
        [worker or says("good", "a", {"b": 2})],
        ledger=plan or says("plan", facts, facts),
        final=final or says("end", "so"),
        max_stalls=1,
        resets=1,
        **options,
    )


def _steps(worker: str) -> Sequence[Json]:
    going = {"satisfied": False, "looping": False, "progressing": True, "next": worker, "instruction": "go on"}
    return [going, going, {**going, "progressing": False}, {**going, "satisfied": True}]


def _analysed(analyst: Any, *, manager: Any = None) -> Pattern[Any, Any]:
    return task_force(analyst, candidates=[says("digger", "dug", capabilities={PROBE})], manager=manager)


def _always(_board: object) -> bool:
    return True


TEAMS: Sequence[RoleEntry] = (
    RoleEntry(
        pattern="supervisor",
        role="manager",
        parts=("task", "workers", "reports", "rounds_left", "remark"),
        gives=[{"assignments": [{"to": "digger", "input": "it"}]}, {"assignments": []}, {"answer": "so"}],
        build=lambda it: supervisor(it, [says("digger", "dug")]),
    ),
    RoleEntry(
        pattern="supervisor", role="worker", gives=["a", "b"], build=lambda it: supervisor(says("boss", *_BOSS), [it])
    ),
    RoleEntry(
        pattern="handoff",
        role="agent",
        parts=("task", "note", "history", "targets", "remark"),
        gives=[{"to": "nobody", "reason": "?"}, {"answer": "so"}],
        build=lambda it: handoff(says("first", {"to": PROBE, "reason": "yours", "context": {"x": 1}}), it),
    ),
    RoleEntry(
        pattern="handoff",
        role="first agent",
        parts=("task", "note", "history", "targets", "remark"),
        gives=[{"to": "other", "reason": "yours"}, {"answer": "so"}],
        build=lambda it: handoff(it, says("other", {"to": PROBE, "reason": "back", "context": {"x": 1}})),
    ),
    RoleEntry(
        pattern="handoff",
        role="on_handoff",
        parts=("task", "agent", "note"),
        gives=[None],
        build=lambda it: handoff(
            says("first", {"to": "other", "reason": "yours"}), says("other", {"answer": "so"}), on_handoff=it
        ),
    ),
    RoleEntry(
        pattern="handoff",
        role="summarizer",
        parts=("task", "history"),
        gives=["in short"],
        build=lambda it: handoff(
            says("first", {"to": "other", "reason": "yours"}),
            says("other", {"answer": "so"}),
            history="summary",
            summarizer=it,
        ),
    ),
    RoleEntry(
        pattern="group_chat",
        role="speaker",
        parts=("task", "messages"),
        gives=["one", {"n": 2}],
        build=lambda it: group_chat(it, says("other", "two"), turns=3),
    ),
    RoleEntry(
        pattern="group_chat",
        role="manager",
        parts=("task", "messages", "speakers"),
        gives=["two", "one", None],
        build=lambda it: group_chat(says("one", "a"), says("two", "b"), next_speaker=it),
    ),
    RoleEntry(
        pattern="debate",
        role="debater",
        parts=("step", "task", "positions", "position", "criticisms"),
        gives=["yes", "no!", "yes", PROBE],
        build=lambda it: debate(it, says("other", "no", "yes!", "no", PROBE), rounds=1),
    ),
    RoleEntry(
        pattern="debate",
        role="judge",
        parts=("task", "positions"),
        gives=[{"winner": "A"}],
        build=lambda it: debate(says("one", "a", "!", "a"), says("two", "b", "!", "b"), rounds=1, judge=it),
    ),
    RoleEntry(
        pattern="ensemble",
        role="contestant",
        parts=("task",),
        gives=["a"],
        build=lambda it: ensemble(it, says("other", "b"), judge=says("judge", {"winner": "A"})),
    ),
    RoleEntry(
        pattern="ensemble",
        role="judge",
        parts=("task", "candidates"),
        gives=[{"winner": "A", "reasons": "so"}],
        build=lambda it: ensemble(says("one", "a"), says("two", "b"), judge=it),
    ),
    RoleEntry(
        pattern="vote",
        role="voter",
        parts=("task", "options"),
        gives=["x"],
        build=lambda it: vote(it, says("two", "x"), options=["x", "y"]),
    ),
    RoleEntry(
        pattern="vote",
        role="voter without options",
        parts=("task",),
        gives=["x"],
        build=lambda it: vote(it, says("two", "x")),
    ),
    RoleEntry(
        pattern="vote",
        role="tie-breaker",
        parts=("task", "options", "votes"),
        gives=["x"],
        build=lambda it: vote(says("one", "x"), says("two", "y"), decide="plurality", tie=it),
    ),
    RoleEntry(
        pattern="magentic",
        role="ledger",
        parts=("step", "task", "workers", "ledger", "history", "remarks"),
        gives=[{"facts": "none", "plan": "ask"}] * 3,
        answers=[{"approved": False, "comment": "shorter"}, {"approved": True}, {"approved": True}],
        build=lambda it: _ledgers(it, review="boss"),
    ),
    RoleEntry(
        pattern="magentic",
        role="orchestrator",
        parts=("step", "task", "workers", "ledger", "history"),
        gives=_steps("good"),
        build=lambda it: _ledgers(lead=it),
    ),
    RoleEntry(
        pattern="magentic",
        role="worker",
        parts=("instruction", "task", "history"),
        gives=["a", {"b": 2}],
        build=lambda it: _ledgers(worker=it),
    ),
    RoleEntry(
        pattern="magentic",
        role="final",
        parts=("step", "task", "workers", "ledger", "history", "ended"),
        gives=["so"],
        build=lambda it: _ledgers(final=it),
    ),
    RoleEntry(
        pattern="blackboard",
        role="watcher",
        parts=("board",),
        gives=[{"y": 2}, None],
        input={"x": 1},
        build=lambda it: blackboard(watch(it, when=_always)),
    ),
    RoleEntry(
        pattern="mesh",
        role="peer",
        parts=("message", "peers", "history", "owed"),
        gives=[{"messages": [{"to": "other", "type": "ask", "requires_response": True}]}, {"answer": "so"}],
        build=lambda it: mesh(it, says("other", {"messages": [{"to": PROBE, "type": "told", "payload": 3}]})),
    ),
    RoleEntry(
        pattern="task_force",
        role="analyst",
        parts=("task", "works", "capabilities"),
        gives=[{"capabilities": [PROBE], "work": "sequence"}],
        build=_analysed,
    ),
    RoleEntry(
        pattern="task_force",
        role="member",
        gives=["dug"],
        build=lambda it: task_force(says("analyst", {"capabilities": [PROBE], "work": "parallel"}), candidates=[it]),
    ),
    RoleEntry(
        pattern="task_force",
        role="manager",
        parts=("task", "workers", "reports", "rounds_left", "remark"),
        gives=[{"assignments": [{"to": "digger", "input": "it"}]}, {"answer": "so"}],
        build=lambda it: _analysed(says("analyst", {"capabilities": [PROBE], "work": "supervisor"}), manager=it),
    ),
    RoleEntry(
        pattern="adaptive",
        role="analyst",
        parts=("task",),
        gives=[{"tasks": [{"id": "a"}, {"id": "b"}]}],
        build=lambda it: adaptive(
            says("one", "1"), analyst=it, rule=Scaling(centralised=says("many", "2"), decentralised=says("peers", "3"))
        ),
    ),
    RoleEntry(
        pattern="adaptive",
        role="member",
        parts=("task",),
        gives=["2"],
        build=lambda it: adaptive(
            says("one", "1"),
            analyst=says("analyst", {"tasks": [{"id": "a"}, {"id": "b"}]}),
            rule=Scaling(centralised=it, decentralised=says("peers", "3")),
        ),
    ),
)
