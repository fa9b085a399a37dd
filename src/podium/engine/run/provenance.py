"""What a run was told, and by whom: read from the facts of the run, of those above it, and of others that it hears.

Those are the child runs that it awaited, and the runs that spoke before in its conversations.

Everything is folded from what is recorded, so a process that takes a run over knows as much as the one before it.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from podium.engine.run.runtime import Runtime
from podium.model.agent import Card
from podium.model.empty import empty
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed, StepDone
from podium.model.facts.runs import InputEdited, Restarted, Started
from podium.model.facts.waits import ChildAwaited, QuestionAnswered, SignalAwaited
from podium.model.json import Json, is_array, is_object
from podium.model.origin import ArgumentOrigin, Untrusted
from podium.model.provenance import Provenance, parsed
from podium.model.rule_names import guard_in
from podium.model.step import is_answer_step, is_check, tool_id, tool_of
from podium.model.tool import UNKNOWN_TOOL
from podium.store.codec import decode

PEOPLE = "people"
"""As which source the answers of people count."""

_RESULT = "tool_return"


@dataclass(slots=True)
class _RunRead:
    """How far the facts of one run were read, and what they say so far."""

    above: str | None = None
    """The run that it is a child of."""
    asks: bool = False
    """Whether its input is what the user asked for."""
    after: int = -1
    agents: dict[str, str] = field(default_factory=empty(dict[str, str]))
    """Who answers a call, by its key."""
    inputs: dict[str, int] = field(default_factory=empty(dict[str, int]))
    """Where in the order what was handed to a call stands, by its key."""
    waits: dict[str, SignalAwaited | ChildAwaited] = field(
        default_factory=empty(dict[str, SignalAwaited | ChildAwaited])
    )
    models: set[str] = field(default_factory=empty(set[str]))
    """The keys of the requests to models."""
    within: set[str] = field(default_factory=empty(set[str]))
    """The keys of the steps that other agents were called in."""
    begun: set[str] = field(default_factory=empty(set[str]))
    """The keys of the calls of which steps are recorded."""
    asked: dict[tuple[str, str], int] = field(default_factory=empty(dict[tuple[str, str], int]))
    """Where in the order stands what models want to hand to tools that are not done yet, by call and id of the use."""


class RunProvenance:
    """The provenance of the values of one run; nothing is read before a rule asks for it."""

    __slots__ = ("_conversations", "_lock", "_provenance", "_read", "_run", "_runtime")

    def __init__(self, run: str, runtime: Runtime) -> None:
        self._run = run
        self._runtime = runtime
        self._lock = asyncio.Lock()
        self._provenance = Provenance()
        self._read: dict[str, _RunRead] = {}
        self._conversations: set[str] = set()

    async def origins(self, input: Json, names: Collection[str] | None = None) -> Mapping[str, ArgumentOrigin]:
        """Return where each argument comes from, by all that is in the store now; `names` are those of members."""
        async with self._lock:
            await self._take_in(self._run)
        return self._provenance.origins(input, names)

    async def _take_in(self, run: str) -> None:
        """Take in what is new in a run, those above it first: what they were told came before."""
        if run not in self._read:
            found = await self._runtime.store.run(run)
            above = None if found is None else found.parent
            self._read[run] = _RunRead(above, asks=above is None)
        read = self._read[run]
        if read.above is not None:
            await self._take_in(read.above)
        for fact in await self._runtime.store.facts(run, after=read.after):
            read.after = fact.seq
            await self._fold(read, fact)

    async def _fold(self, read: _RunRead, fact: Fact) -> None:
        said = fact.content
        if isinstance(said, Started | Asked) and said.conversation is not None:
            await self._hear(said.conversation)
        await self._fold_alone(read, fact)

    async def _fold_alone(self, read: _RunRead, fact: Fact) -> None:
        key, said, told = fact.key, fact.content, self._provenance
        match said:
            case Started() if read.asks:
                told.ask(_value(fact))
            case Started() | Restarted() | InputEdited():
                told.write(_value(fact))
            case Asked(agent=agent):
                read.agents[key] = agent
                read.within.update(() if said.step is None else (said.step,))
                read.inputs[key] = told.write(_value(fact))
            case AnsweredRefused(rule=rule) if key not in read.begun and not _may_have_begun(rule):
                self._forget(read.inputs.get(key))
            case AttemptFailed(fallen=fallen) if fallen and (card := self._card(read.agents.get(key))) is not None:
                read.agents[key] = card.fallback[fallen - 1] if fallen <= len(card.fallback) else card.name
            case SignalAwaited() | ChildAwaited():
                read.waits[key] = said
            case AnsweredDone():
                await self._answered(read, key, _value(fact))
            case QuestionAnswered(answers=answers):
                told.give(PEOPLE, [each.value for each in answers])
            case StepDone() if fact.payload is not None:
                self._step(read, key, said, _value(fact))
            case _:
                pass

    async def _answered(self, read: _RunRead, key: str, value: Json) -> None:
        waited = read.waits.get(key)
        if isinstance(waited, ChildAwaited):
            if waited.name not in self._read and waited.name != self._run:
                await self._take_in_whole(waited.name, _RunRead())
            return
        if waited is not None:
            self._provenance.give(f"signal/{waited.name}", value, vouches=False)
            return
        agent = read.agents.get(key)
        if agent is not None:
            card = self._card(agent)
            untrusted = False if card is None else card.untrusted
            self._provenance.give(agent, value, untrusted=untrusted, vouches=card is not None and _vouches(card))

    async def _take_in_whole(self, run: str, read: _RunRead) -> bool:
        """Take in another run, such as one whose end was awaited: where it had its value from counts.

        False where nothing of it is left.
        """
        self._read[run] = read
        facts = await self._runtime.store.facts(run)
        for fact in facts:
            await self._fold(read, fact)
        return bool(facts)

    async def _hear(self, conversation: str) -> None:
        """Take in the runs that spoke before in a conversation: what its user asked for there, and what they were told.

        Of what a run has said of which nothing else is left, nobody knows where it is from.
        """
        if conversation in self._conversations:
            return
        self._conversations.add(conversation)
        store = self._runtime.store
        own = await store.run(self._run)
        for message in () if own is None else await store.messages(own.tenant, conversation):
            if message.run in self._read:
                continue
            spoke = await store.run(message.run)
            asks = own is not None and spoke is not None and spoke.parent is None and spoke.principal == own.principal
            if not await self._take_in_whole(message.run, _RunRead(asks=asks)):
                del self._read[message.run]
                self._provenance.give(f"conversation/{conversation}", message.message, untrusted=True)

    def _step(self, read: _RunRead, key: str, said: StepDone, value: Json) -> None:
        call, _, _ = key.partition("/")
        read.begun.add(call)
        agent = read.agents.get(call, "")
        if is_answer_step(said.name):
            read.models.add(key)
            self._model(read, call, agent, value)
            return
        tool = tool_of(said.name)
        if tool is None or is_check(key):
            return
        written = read.asked.pop((call, key.rpartition("/")[2].partition("#")[0]), None)
        if said.refused is not None:
            if not _may_have_begun(said.refused):
                self._forget(written)
            return
        result = value["result"] if is_object(value) and value.get("kind") == _RESULT else value
        by_agent = any(each.startswith(f"{key}/") for each in (*read.models, *read.within))
        self._give(agent, tool, result, vouches=not by_agent)

    def _forget(self, written: int | None) -> None:
        """Take back what was to be handed to somebody who did nothing with it: it cannot come back."""
        if written is not None:
            self._provenance.forget(written)

    def _model(self, read: _RunRead, call: str, agent: str, value: Json) -> None:
        """Take in what a model hands to tools, and what tools gave that its provider used for it."""
        parts: Json = value.get("parts") if is_object(value) else None
        for part in parts if is_array(parts) else ():
            if not is_object(part):
                continue
            match part.get("part_kind"):
                case "tool-call":
                    written = self._provenance.write(parsed(part.get("args")))  # in flight, or failed, it may keep it
                    read.asked[call, str(part.get("tool_call_id"))] = written
                case "builtin-tool-call":
                    self._provenance.write(parsed(part.get("args")))
                case "builtin-tool-return":
                    self._give(agent, str(part.get("tool_name")), part.get("content"), vouches=True)
                case _:
                    pass

    def _give(self, agent: str, tool: str, result: Json, *, vouches: bool) -> None:
        untrusted, known = self._declared(agent, tool)
        self._provenance.give(tool_id(agent, tool), parsed(result), untrusted=untrusted, vouches=vouches and known)

    def _declared(self, agent: str, tool: str) -> tuple[Untrusted, bool]:
        """Return what was declared of what a tool gives; of an agent that is not registered here nothing is known."""
        card = self._card(agent)
        if card is None:
            return True, False
        return card.tools.get(tool, UNKNOWN_TOOL).untrusted, True

    def _card(self, agent: str | None) -> Card | None:
        dispatcher = self._runtime.dispatcher
        known = agent is not None and dispatcher.registry.knows(agent)
        return dispatcher.card(dispatcher.registry.get(agent)) if known and agent is not None else None


def _vouches(card: Card) -> bool:
    """Whether what an agent gives is more than the words of a model, which may have read anything.

    A memory gives back what other runs put there, and nobody knows here where they had it from.
    """
    return not (card.traits.runs_inline or card.traits.reports_its_cost or card.traits.is_memory)


def _may_have_begun(rule: str) -> bool:
    """Whether what this rule refused may have been used all the same: guards look at what comes back, too."""
    return guard_in(rule) is not None


def _value(fact: Fact) -> Json:
    return None if fact.payload is None else decode(fact.payload)
