"""Shapes of teamwork: functions that make a workflow out of agents, itself an agent.

May import everything below; of the engine only `context`, `primitive` and `workflow`.
"""

from podium.patterns.making.expression import cel
from podium.patterns.making.pattern import Pattern
from podium.patterns.refine import Revision, refine
from podium.patterns.sequence import sequence

__all__ = ["Pattern", "Revision", "cel", "refine", "sequence"]
