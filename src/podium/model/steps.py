"""What an agent is handed so that parts of its work are recorded and governed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, Protocol, get_args

from podium.errors import UsageError
from podium.model.budget import Bound
from podium.model.call import Call
from podium.model.consent import Consent
from podium.model.conversation import OpenTurn
from podium.model.deferral import Resume, StepFunction
from podium.model.expected import FUNCTION, NAME, one_of, or_none
from podium.model.json import Json
from podium.model.memory import MemoryStore
from podium.model.outcome import Usage
from podium.model.prices import PriceSettings
from podium.model.question import Ask
from podium.model.step import DEFERRED

Effects = Literal["idempotent", "once"]
"""`idempotent`: may be tried again, with the same idempotency key. `once`: never started twice when in doubt."""

KNOWN_EFFECTS: frozenset[str] = frozenset(get_args(Effects))
EFFECTS = one_of(get_args(Effects))


def check_step(name: object, function: object, effects: object, verify: object) -> None:
    """Raise UsageError for a step that would not be done as it is meant; it costs next to nothing where all is well."""
    if not isinstance(name, str):
        NAME.check("the name of a step", name)
    if name == DEFERRED:
        raise UsageError(f"a step cannot be called {DEFERRED!r}: so the engine calls what it keeps of one that waits.")
    if not isinstance(effects, str) or effects not in KNOWN_EFFECTS:
        EFFECTS.check(f"effects of {name}", effects)
    if not callable(function):
        FUNCTION.check(f"what {name} does", function)
    if verify is not None and not callable(verify):
        or_none(FUNCTION).check(f"verify of {name}", verify)


class Steps(Protocol):
    """What an agent is handed for the parts of its work that are worth recording and governing."""

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt of this call: hand it to a receiver that can drop duplicates.

        Inside a step it is the step's own.
        """
        ...

    @property
    def epoch(self) -> int:
        """The fencing token: it only grows, and a receiver may refuse a smaller one than it has seen."""
        ...

    @property
    def memory(self) -> MemoryStore:
        """The store's shared memory."""
        ...

    async def once(
        self,
        name: str,
        fn: Callable[[], Awaitable[Json]],
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        usage: Callable[[Json], Usage | None] | None = None,
        bound: Bound | None = None,
    ) -> Json:
        """Run `fn` once for ever and return its JSON value: recorded, it is handed back instead.

        `input` is what is really sent: its digest is checked on replay, and a later attempt of the call is handed what
        an earlier one did under the same name with the same input, whatever made that one fail. `key` names the step
        where a count of `name` would not be stable, such as a tool-call id; `usage` reads tokens and price out of the
        value, and `bound` is the most that these may come to, for the budget.
        `verify` answers, for a `once` step in doubt, `{"done": value}`, or None for not done.
        """
        ...

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        """Say, inside a step, what it sends: that is recorded for people to read, where messages are kept.

        `sent` is handed the step's place in the call. It is asked once: before the step's value is recorded, when the
        step fails, or after two seconds. What it raises, or gives that cannot be kept, changes nothing for the run.
        `kept` is called where it is kept, so that what is sent next may be told as a difference from it.
        """
        ...

    async def once_allowed(
        self,
        name: str,
        fn: StepFunction,
        consent: Consent,
        *,
        input: Json = None,
        key: str | None = None,
        effects: Effects = "idempotent",
        verify: Callable[[], Awaitable[Json]] | None = None,
        resume: Resume | None = None,
    ) -> Json:
        """Do the same with a step that people may have to allow first: `consent` says what they are asked.

        It says as well what they may change in its `input`, which has `arguments` then, which others it is done with,
        and what its value is where they, or a rule, do not allow it. What is recorded is the digest of `input`.

        `fn` may return `Deferred(state)` where it has done its part and its value comes later. That is recorded, and
        `resume` is handed the state, now and whenever the run goes on: it asks, and returns the value, or `AGAIN` to
        have `fn` run once more. It is no part of the effect: nothing that it does is in doubt.
        """
        ...

    @property
    def granted(self) -> Mapping[str, Json]:
        """What people said who allowed the step one is in, by the rule that asked: `{"approved": true, …}`."""
        ...

    async def ask(self, ask: Ask, *, announce: Callable[[str], Awaitable[Json]] | None = None) -> Json:
        """Ask people about the step one is in, and return their answer: the step is left, and run again then.

        With `kind="permission"` they allow it or not, and what they said of it before, to whichever rule, counts.
        `announce` is told the id of the question once it is in the inbox; what it returns, unless that is None, is the
        answer. Raises UsageError outside of a step.
        """
        ...

    async def call(self, agent: Any, input: Json) -> Json:
        """Call another agent, a team or a person, and return what it gave, as JSON.

        It is a call of its own, recorded below this one and judged like any other, with this agent among its callers.
        The agent is left meanwhile, and runs again over its recorded steps once there is an answer: it holds no place
        and its time limit does not count on. Calls that are asked for side by side are made side by side. Raises
        CallFailed and CallRefused as `ctx.call` does, InvalidValue for an input that does not fit.
        """
        ...

    @property
    def conversation(self) -> OpenTurn | None:
        """The turn that this call has in a conversation; None where it was called without one."""
        ...

    def emit(self, chunk: Json) -> None:
        """Stream JSON, or an event such as `podium.model.streams.TextDelta`, to whoever watches, from any thread.

        It is not recorded. Raises InvalidValue for what is not JSON, UsageError for an event of the journal.
        """
        ...

    @property
    def budgeted(self) -> bool:
        """Whether anything bounds what this call may spend: a model request then has to say its most."""
        ...

    @property
    def prices(self) -> PriceSettings:
        """What things cost, as far as the settings say so."""
        ...

    def note(self, guard: str, body: Mapping[str, Json]) -> None:
        """Record what a rule did, for a later look. It has no effect on replay."""
        ...


def turn_of(call: Call, steps: Steps) -> OpenTurn | None:
    """Return the turn of a call; None for one that an agent makes inside its own, with the steps of that."""
    return steps.conversation if call.conversation is not None else None
