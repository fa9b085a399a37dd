"""`race`: the first good answer wins."""

from collections.abc import Callable
from typing import TypeVar, Unpack, overload

from podium.engine.context import Context
from podium.errors import BadAnswer, NoDecision
from podium.model.agent import Agent
from podium.patterns.building.expression import Predicate, rule
from podium.patterns.building.inputs import as_text
from podium.patterns.building.members import Member, applied, by_name, either, gives, same_input
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Pattern, Sketch, pattern
from podium.patterns.building.reading import reading
from podium.patterns.building.role import Role

In = TypeVar("In")
Out = TypeVar("Out")

_SHOWN_CHARACTERS = 80


@overload
def race(
    *agents: Agent[In, Out], good: Callable[[Out], bool] | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern[In, Out]: ...  # fmt: skip
@overload
def race(
    *agents: Member, good: Predicate | None = None, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern: ...
@pattern
def race(
    *agents: Member, good: Predicate | None = None, name: str | None = None, **card: Unpack[CardFields]
) -> Pattern:
    """Several at once with the same input; gives the first good answer, and cancels the others.

    `good` is a rule of the `answer`; without it every answer is good. Failures, and answers that are not good, are
    passed over. So is one that `good` cannot read, even after its agent was told and asked again. Raises NoDecision,
    with the reason of each, where none is left. At least two agents.
    """
    named = by_name("race", agents, least=2)
    roles = [Role[object]("race", "agent", each) for each in named.values()]
    wanted = None if good is None else reading("race", "good", rule(good, answer=either(map(gives, named.values()))))

    def is_good(answer: object) -> bool | BadAnswer:
        try:
            return wanted is None or bool(wanted(answer))
        except BadAnswer as error:
            return error

    async def body(ctx: Context, task: object, so_far: SoFar[dict[str, object]]) -> object:
        names, lost, failures, answers = list(named), dict[str, str](), list[Exception](), dict[str, object]()
        async with ctx.select(*(each.call(ctx, task, None, wanted) for each in roles)) as ended:
            while (branch := await ended.next()) is not None:
                wrong = branch.error or is_good(branch.value())
                if wrong is True:
                    return branch.value()
                if wrong is not False:
                    failures.append(wrong)
                lost[names[branch.index]] = str(wrong) if wrong else _why(branch.value())
                if branch.error is None:
                    answers[names[branch.index]] = branch.value()
                    so_far.reached(answers)
        why = "; ".join(f"{name}: {lost[name]}" for name in names)
        raise NoDecision(f"race: none of {len(names)} won. {why}", failures=failures)

    parts, kind = {str(number): each for number, each in enumerate(named.values())}, either(map(gives, named.values()))
    return Pattern(
        body, kind="race", name=name, card=card, sketch=Sketch(parts=parts, roles=False),
        takes=same_input("race", list(named.values())), gives=kind, has=applied(dict, str, kind),
    )  # fmt: skip


def _why(answer: object) -> str:
    """Return why an answer did not win, and how it begins."""
    text = as_text(answer)
    return f"not good: {text if len(text) <= _SHOWN_CHARACTERS else f'{text[:_SHOWN_CHARACTERS]}…'}"
