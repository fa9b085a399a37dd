"""Usage that agents share: what an agent inside a tool adds to that of the agent around it."""

from dataclasses import dataclass, field

from pydantic import TypeAdapter
from pydantic_ai.usage import RequestUsage, RunUsage

from podium.model.json import Json

_RUN_USAGE = TypeAdapter(RunUsage)


@dataclass(slots=True, eq=False)
class SharedUsage:
    """One usage that runs add to, and what is known of who did."""

    total: RunUsage
    watched: bool = True
    """Whether nobody outside of the call can add to it."""
    explained: RunUsage = field(default_factory=RunUsage)
    """What recorded requests added to it, and what was noticed before."""

    def explain(self, used: RunUsage | RequestUsage) -> None:
        """Note what a recorded request adds, or did when it was recorded."""
        self.explained.incr(used)

    def unseen(self) -> RunUsage | None:
        """Return by how much it grew without a recorded request; None where it did not."""
        if not self.watched:
            return None
        more = RunUsage(
            input_tokens=max(0, self.total.input_tokens - self.explained.input_tokens),
            output_tokens=max(0, self.total.output_tokens - self.explained.output_tokens),
        )
        return more if more.input_tokens or more.output_tokens else None


def as_run(used: RequestUsage) -> RunUsage:
    """Return the usage of a request as one that counts requests."""
    run = RunUsage(requests=1)
    run.incr(used)
    return run


def dumped(usage: RunUsage) -> Json:
    """Return a usage as JSON."""
    return _RUN_USAGE.dump_python(usage, mode="json")


def loaded(usage: Json) -> RunUsage:
    """Return the usage that JSON says."""
    return _RUN_USAGE.validate_python(usage)
