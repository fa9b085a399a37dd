"""Shapes of teamwork: functions that make a workflow out of agents, itself an agent.

May import everything below; of the engine only `context`, `primitive` and `workflow`.
"""

from podium.patterns.adaptive import Adapted, AdaptOrch, Scaling, adaptive
from podium.patterns.approve import approve
from podium.patterns.blackboard import blackboard
from podium.patterns.building.expression import cel
from podium.patterns.building.pattern import Pattern
from podium.patterns.cascade import Tiered, cascade
from podium.patterns.debate import Debated, debate
from podium.patterns.ensemble import Chosen, ensemble
from podium.patterns.gate import Check, Returned, gate
from podium.patterns.group_chat import Conversation, Said, group_chat
from podium.patterns.handoff import handoff
from podium.patterns.loading.spec import load
from podium.patterns.loading.team import Team, load_yaml
from podium.patterns.magentic import HistoryEntry, MagenticResult, ProgressLedger, TaskLedger, magentic
from podium.patterns.mesh import mesh
from podium.patterns.parallel import parallel
from podium.patterns.parts.board import Board, Watcher, watch
from podium.patterns.parts.control import Answer, HandOff, Turn
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
    "Assignment",
    "Ballot",
    "Board",
    "Check",
    "Chosen",
    "Conversation",
    "Coordinate",
    "Debated",
    "Delegate",
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
    "approve",
    "blackboard",
    "cascade",
    "cel",
    "coordinate",
    "debate",
    "ensemble",
    "gate",
    "group_chat",
    "handoff",
    "load",
    "load_yaml",
    "magentic",
    "mesh",
    "parallel",
    "plan_execute",
    "race",
    "refine",
    "route",
    "saga",
    "sequence",
    "state_machine",
    "step",
    "supervisor",
    "task_force",
    "transition",
    "tree",
    "vote",
    "watch",
]
