"""`PlainSteps`: lets an agent be tested on its own, without an engine."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from podium.dispatch.invoke import invoke
from podium.errors import CallFailed, CallRefused, Forbidden, UsageError
from podium.model.agent import AnyAgent
from podium.model.allow import AllowList
from podium.model.budget import Amount, Bound, Breach, BudgetLine, Reservation
from podium.model.call import Call
from podium.model.consent import Consent
from podium.model.conversation import OpenTurn
from podium.model.deferral import AGAIN, Deferred, Resume, StepFunction
from podium.model.json import Json
from podium.model.loops import AgentTurn
from podium.model.origin import ArgumentOrigin
from podium.model.outcome import Done, Failed, Outcome, Refused, Usage
from podium.model.prices import NO_PRICES, PriceSettings
from podium.model.provenance import Provenance
from podium.model.question import Ask
from podium.model.rule_names import APPROVAL
from podium.model.rule_steps import ChangeSent, SpeakingTurn
from podium.model.sent import check_sent
from podium.model.steps import Effects
from podium.testing.memory import PlainMemory


class PlainSteps:
    """Runs each step at once, and remembers what was recorded and streamed.

    `await my_agent.run(call, PlainSteps())`. To see how an agent goes on after a crash, hand what one of these
    recorded to the next: `PlainSteps(recorded=first.recorded)` gives recorded steps back instead of running them.
    """

    def __init__(
        self, *, idempotency_key: str = "test", recorded: Mapping[str, Json] | None = None,
        prices: PriceSettings = NO_PRICES, people: Callable[[Ask], Json] | None = None,
    ) -> None:  # fmt: skip
        self.idempotency_key = idempotency_key
        self.epoch = 1
        self.begun = False
        """Whether the agent was asked."""
        self.conversation: OpenTurn | None = None
        """The turn in a conversation that the agent has, if it is to have one."""
        self.memory = PlainMemory()
        self.prices = prices
        self.asked: list[Ask] = []
        """What people were asked."""
        self.granted: Mapping[str, Json] = {}
        """What they said who allowed the step one is in, or was in last."""
        self._people = people
        self.recorded: dict[str, Json] = dict(recorded or {})
        """The value of each step, by its key: the one given, else name and count (`request.0`)."""
        self.sent: list[Json] = []
        """What was sent to models, each as what differs from the one before in its conversation."""
        self.emitted: list[Json] = []
        """What was streamed: JSON, or events such as `TextDelta`."""
        self.notes: list[tuple[str, dict[str, Json]]] = []
        """What rules did: which, and what they said of it."""
        self._counts: Counter[str] = Counter()

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
        """Run `fn` and keep its value, unless this step is recorded already."""
        if key is None:
            key = f"{name}.{self._counts[name]}"
            self._counts[name] += 1
        if key not in self.recorded:
            self.recorded[key] = await fn()
        return self.recorded[key]

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        """Keep what a step sends in `sent`; raises UsageError where that is not what is recorded of a request."""
        told = sent(str(len(self.sent)))
        check_sent(told)
        self.sent.append(told)
        if kept is not None:
            kept()

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
        """Do the same if `people` allow it, where they have to be asked."""

        async def happened() -> Json:
            while isinstance(value := await fn(), Deferred) and resume is not None:
                if (given := await resume(value.state)) is not AGAIN:
                    return given
            return value

        async def allowed() -> Json:
            self.granted = {}
            try:
                if consent.ask is not None:
                    await self.ask(consent.ask)
                return await happened()
            except Forbidden as no:
                if consent.refused is None:
                    raise
                return consent.refused(Refused(no.rule, no.reason))

        return await self.once(name, allowed, input=input, key=key, effects=effects, verify=verify)

    async def ask(self, ask: Ask, *, announce: Callable[[str], Awaitable[Json]] | None = None) -> Json:
        """Return what `people` say to a question; raises UsageError where there are none, Forbidden for their no."""
        self.asked.append(ask)
        if self._people is None:
            raise UsageError(f"nobody answers {ask.text!r}: say who, PlainSteps(people=lambda ask: …).")
        said = self._people(ask)
        if ask.kind == "permission":
            if not said["approved"]:
                raise Forbidden(APPROVAL, said.get("comment", ""))
            self.granted = {APPROVAL: said}
        return said

    def emit(self, chunk: Json) -> None:
        """Keep it in `emitted`."""
        self.emitted.append(chunk)

    @property
    def turns(self) -> Sequence[AgentTurn]:
        """Nobody was asked before."""
        return ()

    @property
    def turn(self) -> SpeakingTurn | None:
        """What the agent says is in `conversation`."""
        return None

    @property
    def refusals(self) -> Sequence[str]:
        """The rules that did not allow steps: there are none."""
        return ()

    @property
    def allowed(self) -> tuple[AllowList, ...]:
        """No list says what may be used."""
        return ()

    async def origins(self, input: Json, names: Collection[str] | None = None) -> Mapping[str, ArgumentOrigin]:
        """Return where each argument of an input comes from: nobody was asked, and nobody gave anything."""
        return Provenance().origins(input)

    @property
    def run_input(self) -> Json:
        """None: there is no run."""
        return None

    async def request(self) -> Json:
        """Return None: there is no run."""
        return None

    @property
    def usd(self) -> float | None:
        """None: what steps came to is not counted."""
        return None

    @property
    def lines(self) -> Sequence[BudgetLine]:
        """Nothing bounds it."""
        return ()

    @property
    def depth(self) -> int | None:
        """Nothing bounds it."""
        return None

    @property
    def budgeted(self) -> bool:
        """Nothing bounds it."""
        return False

    def answered(self, usage: Usage) -> None:
        """Do nothing: what an answer came to is in its outcome."""

    async def call(self, agent: AnyAgent, input: Json) -> Json:
        """Call the other agent, under no rules; raises CallFailed, CallRefused, UsageError for one that has to wait."""
        name = agent.card.name
        key = f"0.{self._counts['call']}"
        self._counts["call"] += 1
        call = Call(run="plain", key=key, agent=name, version=agent.card.version, input=input)
        match await invoke(agent, call, self):
            case Done(value=value):
                return value
            case Failed(failure):
                message = f"{name} failed: {failure.type}: {failure.message}"
                raise CallFailed(message, kind=failure.kind, type=failure.type, key=key)
            case Refused(rule=rule, reason=reason):
                raise CallRefused(reason, rule=rule, key=key)
            case _:
                raise UsageError(f"{name} has to wait, or is a workflow: test what calls it in an App.")

    async def beside(self, agent: AnyAgent, input: Json, *, sent: ChangeSent | None = None) -> Outcome:
        """Ask the other agent, under no rules."""
        key = f"0/{agent.card.name}"
        call = Call(run="plain", key=key, agent=agent.card.name, version=agent.card.version, input=input)
        return await invoke(agent, call, self)

    async def reserve(
        self, amount: Amount, lines: Sequence[BudgetLine] = (), *, step: str = "", behind: Sequence[str] = ()
    ) -> Reservation | Breach | None:
        """Set nothing aside: there is no budget."""
        return None

    def settle(self, reservation: Reservation, spent: Amount, *, doubt: int = 0, untold: int | None = None) -> None:
        """Do nothing: nothing was set aside."""

    def note(self, guard: str, body: Mapping[str, Json]) -> None:
        """Keep what a rule did in `notes`."""
        self.notes.append((guard, dict(body)))
