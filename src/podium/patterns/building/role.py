"""The role: a place in a pattern that a member fills."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from typing_extensions import TypeForm, TypeIs

from podium.agents.schema import disagreement
from podium.agents.shape import shape_of
from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import BadAnswer, BoundReached, InvalidValue, PatternError, TeamError
from podium.model.acceptance import CORRECTIONS, Acceptance
from podium.model.agent import is_agent
from podium.model.conversation import ConversationTurn
from podium.patterns.building.inputs import PARTS, input_for, plain
from podium.patterns.building.members import ANYTHING, Kind, Member, member, name_of, one_type, parameters, takes
from podium.patterns.building.named import filled_by
from podium.patterns.building.pattern import is_pattern
from podium.patterns.building.talking import asked

T = TypeVar("T")
U = TypeVar("U")

REMARK = "remark"
"""The part in which a member finds what was wrong with its last answer."""


class Role(Generic[T]):
    """A place in a pattern: what whoever fills it is handed, and what they have to give.

    `offers` are the parts that a member with several parameters may ask for by name. `gives` is what the pattern reads
    of the answer: a member may also give it as JSON of that form. Raises PatternError where a member cannot fill it.
    """

    __slots__ = ("_shape", "member", "pattern", "title", "who")

    def __init__(
        self, pattern: str, title: str, filled_by: object, *, offers: tuple[str, ...] = (),
        gives: TypeForm[T] = ANYTHING,
    ) -> None:  # fmt: skip
        self.pattern = pattern
        self.title = title
        """What the role is called, such as `manager`."""
        self.member: Member = member(pattern, filled_by, f"its {title}")
        self.who = name_of(self.member)
        """The name of whoever fills it."""
        self._shape = shape_of(gives)
        self._check(offers)

    def _check(self, offers: tuple[str, ...]) -> None:
        if not is_agent(self.member):
            return
        needed: frozenset[str] = getattr(takes(self.member), "__required_keys__", frozenset[str]())
        missing = sorted(needed - set(offers))
        if missing and parameters(self.member).keys() & set(offers):
            raise PatternError(
                f"{self.pattern}: {self.who}, its {self.title}, needs {', '.join(missing)}, and is offered "
                f"{', '.join(offers)}. Give these parameters a default, or other names."
            )
        if self._shape.type is not ANYTHING and (wrong := disagreement(self.member.output.schema, self._shape.schema)):
            raise PatternError(
                f"{self.pattern}: {self.who} does not give what its {self.title} has to give ({self._shape.name}): "
                f"{wrong}."
            )

    def takes(self, part: str) -> Kind:
        """Return the type that the member takes as a part: of its parameter of that name, else of its whole input."""
        return parameters(self.member).get(part, takes(self.member))

    def call(
        self, ctx: Context, whole: object = PARTS, turn: ConversationTurn | None = None,
        accept: Callable[[T], object] | None = None, /, **parts: object,
    ) -> Primitive[object]:  # fmt: skip
        """Return the call, to be awaited or joined; `said` reads its value, `input_for` tells what is handed over.

        In a conversation the member listens, unless it is given a `turn` to speak in. Where its answer cannot be read,
        or `accept` raises what is wrong with it, the member is told and asked again, as often as the pattern allows,
        and then its fallbacks are; the last answer is given as it is, for the pattern to judge.
        """
        given = input_for(ctx, self.member, whole, **parts)
        return asked(ctx, self.member, given, turn, accept=self._acceptance(ctx, accept, parts))

    async def ask(
        self, ctx: Context, whole: object = PARTS, turn: ConversationTurn | None = None,
        accept: Callable[[T], object] | None = None, /, **parts: object,
    ) -> T:  # fmt: skip
        """Call the member and return what it said; raises BadAnswer where that cannot be read in the end.

        What `accept` raises has another answer asked for; the last one is returned as it is.
        """
        call = self.call(ctx, whole, turn, accept, **parts)
        value = await call
        with judging(call):
            return self.said(value)

    async def settle(
        self, ctx: Context, accept: Callable[[T], U], whole: object = PARTS, turn: ConversationTurn | None = None, /,
        **parts: object,
    ) -> U:  # fmt: skip
        """Call the member and return what `accept` makes of what it said; what that raises is about the answer.

        `accept` is pure: it may be asked about the same answer more than once.
        """
        call = self.call(ctx, whole, turn, accept, **parts)
        value = await call
        with judging(call):
            return accept(self.said(value))

    def _acceptance(
        self, ctx: Context, accept: Callable[[T], object] | None, parts: Mapping[str, object]
    ) -> Acceptance[object] | None:  # fmt: skip
        """Return what is accepted as an answer; None where everything is."""
        if accept is None and self._shape.type is ANYTHING:
            return None
        workflow = ctx.workflow
        often = workflow.corrections if is_pattern(workflow) else CORRECTIONS

        def objection(value: object) -> str | None:
            try:
                said = self.said(value)
                if accept is not None:
                    accept(said)
            except (BadAnswer, TeamError, InvalidValue) as error:
                return None if isinstance(error, BoundReached) else str(error)
            return None

        named = parameters(filled_by(ctx, self.member))
        told = REMARK if REMARK in (named or parts) else None
        return Acceptance(rule=objection, corrections=often, remark=told)

    async def judged(
        self, call: Primitive[object], judge: Callable[[object], U | str], *, again: bool
    ) -> U | str:  # fmt: skip
        """Return what `judge` makes of the answer to a call: a text is what is wrong with it.

        Where the member was asked `again` in the call, that raises BadAnswer.
        """
        said = judge(await call)
        if again and isinstance(said, str):
            of = f"{self.pattern}: {self.who}, its {self.title}"
            raise BadAnswer(said if said.startswith(of) else f"{of}, gave what cannot be used: {said}").about(call.key)
        return said

    def said(self, value: object) -> T:
        """Return an answer as the type that is wanted; raises BadAnswer where it is none."""
        if self._fits(value):
            return value
        try:
            return self._shape.load(plain(value))
        except InvalidValue as error:
            raise BadAnswer(
                f"{self.pattern}: {self.who}, its {self.title}, gave what cannot be read: {error}"
            ) from error

    def _fits(self, value: object) -> TypeIs[T]:
        """Whether an answer is of the type that is wanted as it is."""
        kind = self._shape.type
        return kind is ANYTHING or (isinstance(kind, type) and isinstance(value, kind))


def unless_refused(judged: Callable[[object], U | str]) -> Callable[[object], U]:
    """Return what `judged` makes of an answer, as a rule for `accept`: a text is what is wrong with it."""

    def accept(said: object) -> U:
        found = judged(said)
        if isinstance(found, str):
            raise BadAnswer(found)
        return found

    return accept


@contextmanager
def judging(call: Primitive[object]) -> Generator[None]:
    """Have errors that are raised in a block be about the answer of a call; a retry of the run asks for it again."""
    try:
        yield
    except BoundReached:
        raise
    except (BadAnswer, TeamError) as error:
        error.about(call.key)
        raise


def shared_task(pattern: str, roles: Sequence[Role[object]]) -> Kind:
    """Return the type of the task that several get; raises PatternError where no value can be of all their types.

    An agent that takes a text gets any task, as text.
    """
    kinds = {role.who: kind for role in roles if (kind := role.takes("task")) is not ANYTHING}
    typed = {who: kind for who, kind in kinds.items() if kind is not str}
    return one_type(pattern, typed or kinds, "are told the same task")
