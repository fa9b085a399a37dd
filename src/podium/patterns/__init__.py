"""Shapes of teamwork: functions that make a workflow out of agents, itself an agent.

May import everything below; of the engine only `context`, `primitive` and `workflow`.
"""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.patterns.adaptive import Adapted, AdaptOrch, Scaling, adaptive
    from podium.patterns.approve import approve
    from podium.patterns.blackboard import blackboard
    from podium.patterns.building.expression import cel
    from podium.patterns.building.partial import Partial
    from podium.patterns.building.pattern import Pattern
    from podium.patterns.cascade import Tiered, cascade
    from podium.patterns.debate import Debated, debate
    from podium.patterns.ensemble import Chosen, ensemble
    from podium.patterns.gate import Check, Returned, gate
    from podium.patterns.group_chat import ChatSoFar, Conversation, Said, group_chat
    from podium.patterns.handoff import handoff
    from podium.patterns.loading.spec import load
    from podium.patterns.loading.team import Team, load_yaml
    from podium.patterns.magentic import HistoryEntry, MagenticResult, ProgressLedger, TaskLedger, magentic
    from podium.patterns.mesh import mesh
    from podium.patterns.parallel import parallel
    from podium.patterns.parts.board import Board, Watcher, watch
    from podium.patterns.parts.control import Answer, AnsweredBy, HandOff, Turn
    from podium.patterns.parts.ends import EndWhen, after, all_of, any_of, confirmed, lasted, mentions, signalled, spent
    from podium.patterns.parts.exchange import MeshResult, Outgoing, PeerReply
    from podium.patterns.parts.joining import Joined
    from podium.patterns.parts.judging import Ruling
    from podium.patterns.parts.merging import Coordinate, Tree, coordinate, tree
    from podium.patterns.parts.polling import Ballot, Tally
    from podium.patterns.parts.recruiting import Recruit
    from podium.patterns.parts.scheduling import Plan, PlanTask
    from podium.patterns.parts.statechart import Event, Journey, RefusedEvent, Transition, transition
    from podium.patterns.parts.topology import ShapedTask, TaskShape
    from podium.patterns.plan_execute import Executed, plan_execute
    from podium.patterns.race import race
    from podium.patterns.refine import Revision, refine
    from podium.patterns.route import route
    from podium.patterns.saga import Step, saga, step
    from podium.patterns.sequence import sequence
    from podium.patterns.state_machine import state_machine
    from podium.patterns.supervisor import Assignment, Delegate, Finish, WorkReport, supervisor
    from podium.patterns.task_force import Mission, Needs, task_force
    from podium.patterns.vote import vote

__all__ = [
    "AdaptOrch",
    "Adapted",
    "Answer",
    "AnsweredBy",
    "Assignment",
    "Ballot",
    "Board",
    "ChatSoFar",
    "Check",
    "Chosen",
    "Conversation",
    "Coordinate",
    "Debated",
    "Delegate",
    "EndWhen",
    "Event",
    "Executed",
    "Finish",
    "HandOff",
    "HistoryEntry",
    "Joined",
    "Journey",
    "MagenticResult",
    "MeshResult",
    "Mission",
    "Needs",
    "Outgoing",
    "Partial",
    "Pattern",
    "PeerReply",
    "Plan",
    "PlanTask",
    "ProgressLedger",
    "Recruit",
    "RefusedEvent",
    "Returned",
    "Revision",
    "Ruling",
    "Said",
    "Scaling",
    "ShapedTask",
    "Step",
    "Tally",
    "TaskLedger",
    "TaskShape",
    "Team",
    "Tiered",
    "Transition",
    "Tree",
    "Turn",
    "Watcher",
    "WorkReport",
    "adaptive",
    "after",
    "all_of",
    "any_of",
    "approve",
    "blackboard",
    "cascade",
    "cel",
    "confirmed",
    "coordinate",
    "debate",
    "ensemble",
    "gate",
    "group_chat",
    "handoff",
    "lasted",
    "load",
    "load_yaml",
    "magentic",
    "mentions",
    "mesh",
    "parallel",
    "plan_execute",
    "race",
    "refine",
    "route",
    "saga",
    "sequence",
    "signalled",
    "spent",
    "state_machine",
    "step",
    "supervisor",
    "task_force",
    "transition",
    "tree",
    "vote",
    "watch",
]

lazy.exports(
    __name__,
    {
        "podium.patterns.adaptive": "Adapted AdaptOrch Scaling adaptive",
        "podium.patterns.approve": "approve",
        "podium.patterns.blackboard": "blackboard",
        "podium.patterns.building.expression": "cel",
        "podium.patterns.building.partial": "Partial",
        "podium.patterns.building.pattern": "Pattern",
        "podium.patterns.cascade": "Tiered cascade",
        "podium.patterns.debate": "Debated debate",
        "podium.patterns.ensemble": "Chosen ensemble",
        "podium.patterns.gate": "Check Returned gate",
        "podium.patterns.group_chat": "ChatSoFar Conversation Said group_chat",
        "podium.patterns.handoff": "handoff",
        "podium.patterns.loading.spec": "load",
        "podium.patterns.loading.team": "Team load_yaml",
        "podium.patterns.magentic": "HistoryEntry MagenticResult ProgressLedger TaskLedger magentic",
        "podium.patterns.mesh": "mesh",
        "podium.patterns.parallel": "parallel",
        "podium.patterns.parts.board": "Board Watcher watch",
        "podium.patterns.parts.control": "Answer AnsweredBy HandOff Turn",
        "podium.patterns.parts.ends": "EndWhen after all_of any_of confirmed lasted mentions signalled spent",
        "podium.patterns.parts.exchange": "MeshResult Outgoing PeerReply",
        "podium.patterns.parts.joining": "Joined",
        "podium.patterns.parts.judging": "Ruling",
        "podium.patterns.parts.merging": "Coordinate Tree coordinate tree",
        "podium.patterns.parts.polling": "Ballot Tally",
        "podium.patterns.parts.recruiting": "Recruit",
        "podium.patterns.parts.scheduling": "Plan PlanTask",
        "podium.patterns.parts.statechart": "Event Journey RefusedEvent Transition transition",
        "podium.patterns.parts.topology": "ShapedTask TaskShape",
        "podium.patterns.plan_execute": "Executed plan_execute",
        "podium.patterns.race": "race",
        "podium.patterns.refine": "Revision refine",
        "podium.patterns.route": "route",
        "podium.patterns.saga": "Step saga step",
        "podium.patterns.sequence": "sequence",
        "podium.patterns.state_machine": "state_machine",
        "podium.patterns.supervisor": "Assignment Delegate Finish WorkReport supervisor",
        "podium.patterns.task_force": "Mission Needs task_force",
        "podium.patterns.vote": "vote",
    },
)
