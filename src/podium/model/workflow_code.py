"""Whether it is a workflow's own code that runs, which has its context do whatever is to be recorded."""

from contextvars import ContextVar
from typing import Protocol

from podium.errors import CalledDirectly


class CodeOfBranch(Protocol):
    """A branch of a run."""

    def runs_own_code(self) -> bool:
        """Whether the task that asks is that of the branch, and runs no agent, rule or step for it just now."""
        ...


BRANCH: ContextVar[CodeOfBranch | None] = ContextVar("podium_branch", default=None)
"""The branch whose task this is, or that has started it."""


def check_not_workflow_code(name: str) -> None:
    """Raise CalledDirectly where a workflow calls an agent as a function."""
    branch = BRANCH.get()
    if branch is not None and branch.runs_own_code():
        raise CalledDirectly(
            f"{name} was called as a function by a workflow, which would do it again on every replay. "
            f"Write `await ctx.call({name}, …)`. Inside an agent, a tool or a `ctx.once` it stays a function."
        )
