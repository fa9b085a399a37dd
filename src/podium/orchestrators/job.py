"""Something that runs in another system, as an agent: started once, waited for durably, cancelled with its caller."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from typing_extensions import TypedDict, TypeForm, Unpack

from podium.agents.card import CardOptions, card_of
from podium.agents.function import NOT_DONE, AgentDecorator, FunctionAgent
from podium.agents.shape import TypeShape, shape_of
from podium.agents.signature import Function
from podium.engine.context import Context
from podium.engine.workflow import Workflow
from podium.errors import AgentError, CallCancelled, UsageError
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.duration import SECONDS, Duration, in_seconds
from podium.model.expected import instance
from podium.model.json import Json
from podium.model.retry import FailureKind, Retry
from podium.model.steps import Effects
from podium.store.codec import input_digest

In = TypeVar("In")
Out = TypeVar("Out")

LOOKING = Retry(
    attempts=30, max_delay=60, kinds=frozenset({FailureKind.TRANSPORT, FailureKind.RATE, FailureKind.TIMEOUT})
)
"""How often a system is asked again that does not answer: for about twenty minutes."""

ANSWERS_WITHIN = 60.0
"""Seconds within which a system has to answer a request."""

_SHARE_OF_WAIT = 0.1
"""The next look comes after this share of the time waited so far, within the bounds that were set."""
_LONGEST_ID = 200
_FIT_ID = re.compile(r"[A-Za-z0-9_.~:+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobValue:
    """A job came to its end and gave a value."""

    value: Json


class System(Protocol):
    """Another system, as far as one kind of job in it goes. What cannot be reached raises TransportFailed."""

    @property
    def what(self) -> str:
        """What is started there, in messages: `DAG nightly of Airflow`."""
        ...

    async def start(self, job: str, input: Json) -> str:
        """Start a job under an id, or find the one that has it; returns by what it is asked about."""
        ...

    async def find(self, job: str) -> str | None:
        """Return by what a job is asked about; None where there is none under the id."""
        ...

    async def look(self, reference: str) -> JobValue | None:
        """Return how a job ended, None while it has not.

        Raises Refusal where it was cancelled over there, AgentError where it failed, in its own words, or is gone.
        """
        ...

    async def cancel(self, reference: str) -> None:
        """Ask a job to stop; one that has ended stays as it is."""
        ...

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        ...


class JobOptions(TypedDict, total=False):
    """How a job is started and waited for."""

    version: str
    description: str
    poll: Duration
    """Seconds before the second look; later ones come after a tenth of the time waited so far. 1."""
    max_poll: Duration
    """The longest time between two looks, in seconds. 60."""
    retry: Retry
    """How often a system that cannot be reached is asked again: thirty times, over about twenty minutes."""


class JobAgent(Workflow[In, Out]):
    """A job of another system: an agent for workflows, and a workflow that can be started as a run.

    `aclose` gives its connections back.
    """

    def __init__(
        self, name: str, system: System, input: TypeShape[In], output: TypeShape[Out], **options: Unpack[JobOptions]
    ) -> None:
        poll = in_seconds(options.get("poll", 1), f"poll of {name}", SECONDS)
        most = in_seconds(options.get("max_poll", max(60, poll)), f"max_poll of {name}", SECONDS)
        if most < poll:
            raise UsageError(f"max_poll of {name} is {most:g} s, less than its poll of {poll:g} s")
        retry = options.get("retry", LOOKING)
        instance(Retry, "Retry(attempts=3)").check(f"retry of {name}", retry)
        self._system = system
        self._parts = _parts(name, system, retry)
        start, look, cancel = self._parts

        async def run(context: Context, given: In) -> Out:
            reference = await context.call(start, input.dump(given))
            began = context.now()
            try:
                while not (seen := await context.call(look, reference))["ended"]:
                    waited = context.now() - began
                    await context.sleep(min(max(poll, waited * _SHARE_OF_WAIT), most))
            except CallCancelled:
                await context.call(cancel, reference)
                raise
            return output.load(seen["value"])

        said: CardOptions = {
            "version": options.get("version", "1"),
            "description": options.get("description", f"runs the {system.what}"),
        }
        super().__init__(run, card=card_of("workflow", name, input, output, said), input=input, output=output)

    def agents(self) -> Iterable[AnyAgent]:
        """Give what it is made of: what starts, what looks, what cancels."""
        return self._parts

    async def aclose(self) -> None:
        """Close the connections that were opened in the running event loop."""
        await self._system.aclose()


def _parts(
    name: str, system: System, retry: Retry
) -> tuple[FunctionAgent[Json, str], FunctionAgent[str, Json], FunctionAgent[str, None]]:
    """Return who starts a job, who looks how it stands, and who cancels it."""

    async def found(call: Call) -> Any:
        return await system.find(job_id(call)) or NOT_DONE

    async def start(input: Json, call: Call) -> str:
        try:
            return await system.start(job_id(call), input)
        except AgentError as error:
            error.not_done = True  # whoever starts it again comes to the same job, by its id
            raise

    async def look(reference: str) -> Json:
        ended = await system.look(reference)
        return {"ended": ended is not None, "value": None if ended is None else ended.value}

    async def cancel(reference: str) -> None:
        await system.cancel(reference)

    def made(part: str, does: str, verify: Function | None = None, effects: Effects = "idempotent") -> AgentDecorator:
        return AgentDecorator(
            name=f"{name}.{part}", description=f"{does} the {system.what}", retry=retry, timeout=ANSWERS_WITHIN,
            verify=verify, effects=effects,
        )  # fmt: skip

    return (
        made("start", "starts", found, "once")(start),
        made("look", "looks at")(look),
        made("cancel", "cancels")(cancel),
    )


def job(
    name: str, system: System, *, input: TypeForm[In], output: TypeForm[Out], **options: Unpack[JobOptions]
) -> JobAgent[In, Out]:
    """Return the agent that starts a job of a system and waits for its value."""
    return JobAgent(name, system, shape_of(input), shape_of(output), **options)


def job_id(call: Call) -> str:
    """Return the id under which a call starts a job: told from its run and key, as far as every system takes those."""
    told = f"podium:{call.idempotency_key}"
    return told if _FIT_ID.fullmatch(told) and len(told) <= _LONGEST_ID else f"podium:{input_digest(told)}"
