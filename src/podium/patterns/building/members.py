"""Those who take part in a pattern: what is checked of them when it is built."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeGuard, Union, cast

from podium import lazy
from podium.agents.schema import disagreement
from podium.agents.shape import shape_of
from podium.errors import PatternError
from podium.model.agent import AnyAgent

if TYPE_CHECKING:
    import typing_extensions
else:
    typing_extensions = lazy.module("typing_extensions")

Member = AnyAgent | str
"""An agent, or the name of a registered one."""

Stage = Member | Callable[[Any], Any]
"""A member, or a pure function of one value that stands in its place."""


def is_agent(value: object) -> TypeGuard[AnyAgent]:
    """Whether a value is an agent, as opposed to a plain function."""
    return hasattr(value, "card") and hasattr(value, "run") and not isinstance(value, type)


def name_of(member: Stage) -> str:
    """Return the name under which a pattern speaks of a member."""
    if isinstance(member, str):
        return member
    if is_agent(member):
        return member.card.name
    return getattr(member, "__name__", None) or repr(member)


def about(member: Member) -> str:
    """Return what a member says of itself: the description on its card."""
    return member.card.description if is_agent(member) else ""


def takes(member: Stage) -> Any:
    """Return the Python type of a member's input; Any where it is not known beforehand."""
    return member.input.type if is_agent(member) else Any


def gives(member: Stage) -> Any:
    """Return the Python type of a member's output; Any where it is not known beforehand."""
    return member.output.type if is_agent(member) else Any


def parameters(member: Stage) -> Mapping[str, Any]:
    """Return the types of the parts that a member takes by name; empty where its input is one thing."""
    kind = takes(member)
    return typing_extensions.get_type_hints(kind) if typing_extensions.is_typeddict(kind) else {}


def either(kinds: Iterable[Any]) -> Any:
    """Return the type of what is of one of these; Any where one of them is not known."""
    known = list(dict.fromkeys(kinds))
    return Any if Any in known or not known else cast("Any", Union)[tuple(known)]


def member(pattern: str, value: object, role: str = "an agent") -> Member:
    """Return what is an agent or a name; raises PatternError for anything else."""
    if (isinstance(value, str) and value) or is_agent(value):
        return value
    remedy = "decorate it with @agent" if callable(value) else "pass an agent, or the name of a registered one"
    raise PatternError(f"{pattern} was given {value!r} as {role}: {remedy}.")


def members(pattern: str, values: Iterable[object], *, least: int = 1, what: str = "agents") -> list[Member]:
    """Return the members; raises PatternError for too few of them, for what is no agent, and for a name that is twice.

    `pattern` and `what` are for the message: who asks, and for what.
    """
    found = [member(pattern, each) for each in values]
    if len(found) < least:
        raise PatternError(f"{pattern} needs at least {least} {what}, got {len(found)}.")
    names = [name_of(each) for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PatternError(f"{pattern} has {', '.join(twice)} twice among its {what}: give each a name of its own.")
    return found


def by_name(pattern: str, values: Iterable[object], *, least: int = 1, what: str = "agents") -> dict[str, Member]:
    """Return the members by name; raises PatternError as `members` does."""
    return {name_of(each): each for each in members(pattern, values, least=least, what=what)}


def known(pattern: str, what: str, names: Iterable[str], there: Iterable[str]) -> None:
    """Raise PatternError where one of the names is not among those that are there."""
    there = list(there)
    if unknown := sorted(set(names) - set(there)):
        raise PatternError(f"{pattern}: {what} names {', '.join(unknown)}; there is {', '.join(there) or 'nobody'}.")


def at_least(pattern: str, name: str, value: float, least: float = 1) -> None:
    """Raise PatternError for a bound that is too small."""
    if value < least:
        raise PatternError(f"{pattern} was given {name}={value}: expected at least {least}.")


def must_fit(pattern: str, before: Stage, after: Stage) -> None:
    """Raise PatternError where what one member gives is certainly not what the next one takes."""
    if not (is_agent(before) and is_agent(after)):
        return
    wrong = disagreement(before.output.schema, after.input.schema)
    if wrong is not None:
        raise PatternError(
            f"{pattern}: {name_of(before)} does not give what {name_of(after)} takes: {wrong}. "
            "Change one of the types, or put a function between the two."
        )


def same_input(pattern: str, sharing: Sequence[Member]) -> Any:
    """Return the type of the input that members share; raises PatternError where no value can be of all their types."""
    kinds = {name_of(each): takes(each) for each in sharing if takes(each) is not Any}
    return one_type(pattern, kinds, "are handed the same input")


def one_type(pattern: str, kinds: Mapping[str, Any], told: str) -> Any:
    """Return the type of what several have in common, Any where none is known, of the types by who takes it.

    Raises PatternError where no value can be of two of them; `told` says for the message what they have in common.
    """
    for (one, kind), (other, another) in pairwise(kinds.items()):
        first, second = shape_of(kind).schema, shape_of(another).schema
        if wrong := disagreement(first, second) or disagreement(second, first):
            raise PatternError(f"{pattern}: {one} and {other} {told}, but take different ones: {wrong}.")
    return next(iter(kinds.values()), Any)
