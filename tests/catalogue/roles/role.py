"""What is known of one role of a pattern, and the members that can fill it."""

import inspect
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Any, Literal, get_args

from podium import App, Context, agent, human, workflow
from podium.agents.function import FunctionAgent
from podium.facade.handle import RunHandle
from podium.model.agent import AnyAgent, Card
from podium.model.json import Json
from podium.patterns.building.pattern import Pattern
from podium.patterns.route import route
from podium.patterns.sequence import sequence
from podium.testing import DrivenClock, scripted

PROBE = "probe"
"""The name of whoever fills the role, and the capability that it offers."""

Shape = Literal["anything", "text", "parameters", "reader", "listener", "person"]
"""The member is a function of one untyped parameter, of one text, of all parts by name; a language model that takes
one text, also in a team that has its turn in a conversation; or a person."""
SHAPES: Sequence[Shape] = get_args(Shape)
SPEAKING = frozenset({"group_chat", "handoff", "supervisor"})
"""The patterns whose members have turns of their own in a conversation of the team."""

_TEAM = ContextVar("team", default="1")
"""The name of the team that is made: its agents have it as their version, so that many teams can be used in one app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEntry:
    """One role of a pattern. The agents that the pattern is made of are new each time: they count their answers."""

    pattern: str
    role: str
    build: Callable[[Any], Pattern[Any, Any]]
    """Makes the pattern, without a name, of the member that fills the role."""
    gives: Sequence[Json]
    """What the member answers, call by call."""
    parts: Sequence[str] = ()
    """What it may ask for by name."""
    whole: str = ""
    """What it is handed that takes one thing, where that is none of the parts."""
    input: Json = "go"
    answers: Sequence[Json] = ()
    """What people answer the pattern itself, question by question."""

    @property
    def id(self) -> str:
        """How tests call it."""
        return f"{self.pattern}_{self.role}".replace(" ", "_").replace("-", "_")

    @property
    def shapes(self) -> Sequence[Shape]:
        """The shapes in which a member can fill it; where it is told one thing only they do not differ much."""
        if not self.parts:
            return ["anything", "reader"]
        return [each for each in SHAPES if each != "listener" or self.pattern in SPEAKING]

    def made(self, filled_by: Callable[[], AnyAgent], name: str) -> Pattern[Any, Any]:
        """Return the pattern for a team of a name, with a member that is made for it."""
        _TEAM.set(name)
        return self.build(filled_by())

    def team(self, shape: Shape | Literal["workflow"], name: str) -> Pattern[Any, Any]:
        """Return a workflow of a name in which a member of a shape fills the role.

        A pattern at the end of a route has its turns in a conversation as if it had been called itself.
        """
        made = self.made(lambda: member(shape, self.gives, self.parts), name)
        return route({"it": made}, lambda _: "it", name=name) if shape == "listener" else sequence(made, name=name)

    async def played(
        self, app: App, clock: DrivenClock, shape: Shape | Literal["workflow"], name: str
    ) -> RunHandle[Any]:
        """Start a run of it and see it to its end; people answer in turn."""
        talk = name if shape == "listener" else None
        handle = await app.start(self.team(shape, name), self.input, id=name, conversation=talk)
        await self.ended(app, clock, handle)
        return handle

    async def ended(self, app: App, clock: DrivenClock, handle: RunHandle[Any]) -> None:
        """See a run of it to its end; people answer in turn."""
        given, others = iter(self.gives), iter(self.answers)
        while not (await handle.status()).state.ended:
            await clock.advance(1)
            for question in await app.inbox.list():
                answer = next(given if question.ask.to == PROBE else others)
                await app.inbox.answer(question.id, answer, by="ann")


class Reader(FunctionAgent[str, Json]):
    """A function that passes for a language model."""

    __slots__ = ()

    @property
    def card(self) -> Card:
        """Its description, as that of a language model."""
        return replace(super().card, kind="llm")


def member(shape: Shape | Literal["workflow"], gives: Sequence[Json], parts: Sequence[str]) -> AnyAgent:
    """Return a member that answers with these, one after the other; a workflow takes the parts by name too."""
    version = _TEAM.get()
    if shape == "person":
        return human(PROBE, text="What do you say?", answer=Any, name=PROBE, version=version, capabilities={PROBE})
    left = list(gives)

    async def untyped(given: Json) -> Json:
        return left.pop(0)

    async def text(given: str) -> Json:
        return left.pop(0)

    async def named(**given: Json) -> Json:
        return left.pop(0)

    async def flow(ctx: Context, **given: Json) -> Json:
        return left.pop(0)

    if shape in ("reader", "listener"):
        return Reader(text, name=PROBE, options={"version": version, "capabilities": {PROBE}})
    asked = [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=None) for each in parts]
    if shape == "workflow":
        first = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        vars(flow)["__signature__"] = inspect.Signature([first, *asked])
        return workflow(name=PROBE, version=version, capabilities={PROBE})(flow)
    vars(named)["__signature__"] = inspect.Signature(asked)
    function = {"anything": untyped, "text": text, "parameters": named}[shape]
    return agent(name=PROBE, version=version, capabilities={PROBE})(function)


def says(name: str, *replies: Json, **options: Any) -> Any:
    """Return another member of the pattern, which answers with these, and then with the last one."""
    left = chain(replies, repeat(replies[-1]))

    def reply(_input: Json) -> Json:
        return next(left)

    return scripted(name, reply, version=_TEAM.get(), description=f"is {name}", **options)


def version_of_team() -> str:
    """Return the version of the agents of the team that is made."""
    return _TEAM.get()
