"""Whether the rules allow a compensation when it is registered: what is forbidden since then does not stop it."""

from podium.engine.calls.steps import CallSteps
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.progress import CallProgress
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.json import Json


async def is_judged_anew(
    active: ActiveRun, branch: BranchTask, key: str, agent: AnyAgent, input: Json, registered_by: tuple[str, ...]
) -> bool:
    """Whether the rules have to judge a compensation when it is called, as they do not allow it outright by now."""
    dispatcher, run = active.runtime.dispatcher, active.run
    card, permits = dispatcher.card(agent), dispatcher.permits
    if permits is None or not permits.decides(card):
        return False
    call = Call(
        run=run.id, key=f"{key}.undo", agent=card.name, version=card.version, input=input, tenant=run.tenant,
        principal=run.principal, root=run.root, priority=run.priority, registered_by=registered_by,
    )  # fmt: skip
    steps = CallSteps(active, branch, call, agent, CallProgress())
    return not await branch.shielded(permits.allows(card, call, steps))
