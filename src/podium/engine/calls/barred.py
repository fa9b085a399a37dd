"""Whom it is no use to call: the rules refuse them, in this run, whatever they are handed."""

from collections.abc import Iterable

from podium.engine.calls.steps import CallSteps
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.progress import CallProgress
from podium.model.agent import AnyAgent
from podium.model.call import Call


async def barred(
    active: ActiveRun, key: str, callers: tuple[str, ...], branch: BranchTask, agents: Iterable[AnyAgent]
) -> set[str]:
    """Return the names of those that a call at a key would be refused anyway, if these workflows are on the way."""
    return {agent.card.name for agent in agents if await _is_barred(active, branch, key, agent, callers)}


async def _is_barred(
    active: ActiveRun, branch: BranchTask, key: str, agent: AnyAgent, callers: tuple[str, ...]
) -> bool:
    dispatcher, run = active.runtime.dispatcher, active.run
    card = dispatcher.card(agent)
    call = Call(
        run=run.id, key=key, agent=card.name, version=card.version, input=None, tenant=run.tenant,
        principal=run.principal, root=run.root, priority=run.priority, callers=callers,
    )  # fmt: skip
    steps = CallSteps(active, branch, call, agent, CallProgress())
    for rule in dispatcher.bars:
        if await branch.shielded(rule.bars(card, call, steps)):
            return True
    return False
