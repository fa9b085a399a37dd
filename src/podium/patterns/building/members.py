"""Those who take part in a pattern: what is checked of them when it is built."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Never, TypeVar, Union

from typing_extensions import TypeForm, get_type_hints, is_typeddict

from podium.agents.schema import disagreement
from podium.agents.shape import shape_of
from podium.errors import PatternError
from podium.model.agent import Agent, AnyAgent, is_agent

T = TypeVar("T")

_LOG = logging.getLogger("podium")

Member = AnyAgent | str
"""An agent, or the name of a registered one."""

Stage = Member | Callable[[Any], object]
"""A member, or a pure function of one value that stands in its place."""

GivingAgent = Agent[Never, T]
"""An agent that gives T, whatever it takes."""

Kind = TypeForm[object]
"""A Python type."""

ANYTHING: Final[TypeForm[Any]] = Any
"""The type of a value of which nothing is known beforehand."""


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


def abilities(pattern: str, chooser: str, members: Mapping[str, Member]) -> dict[str, str]:
    """Return what members say of themselves, by name, for whoever chooses among them.

    The log tells, once, of those that say nothing: of these `chooser` knows only the name.
    """
    silent = [who for who, each in members.items() if is_agent(each) and not about(each).strip()]
    if silent:
        _tell_silent(pattern, chooser, ", ".join(silent))
    return {who: about(each) for who, each in members.items()}


@lru_cache(maxsize=1024)
def _tell_silent(pattern: str, chooser: str, silent: str) -> None:
    _LOG.warning(
        "%s: %s sees only the name of each of these, which has no description: %s. "
        "Say in its docstring, or as description=…, what it can do.", pattern, chooser, silent,
    )  # fmt: skip


def takes(member: Stage) -> Kind:
    """Return the Python type of a member's input; ANYTHING where it is not known beforehand."""
    return member.input.type if is_agent(member) else ANYTHING


def hears(member: Stage) -> bool:
    """Whether a member hears what was said as messages: a language model that takes a text."""
    return is_agent(member) and member.card.traits.hears_messages and takes(member) is str


def gives(member: Stage) -> Kind:
    """Return the Python type of a member's output; ANYTHING where it is not known beforehand."""
    return member.output.type if is_agent(member) else ANYTHING


def parameters(member: Stage) -> Mapping[str, Kind]:
    """Return the types of the parts that a member takes by name; empty where its input is one thing."""
    kind = takes(member)
    return get_type_hints(kind) if is_typeddict(kind) else {}


def part(member: Stage, name: str) -> Kind:
    """Return the type of the part that a member takes by a name; ANYTHING where it takes none of that name."""
    return parameters(member).get(name, ANYTHING)


def either(kinds: Iterable[Kind]) -> Kind:
    """Return the type of what is of one of these; ANYTHING where one of them is not known."""
    known = list(dict.fromkeys(kinds))
    return ANYTHING if ANYTHING in known or not known else applied(Union, *known)


def applied(generic: Any, *kinds: Kind) -> Kind:
    """Return a generic type with its arguments, where these are known only when the program runs."""
    return generic[kinds]


def member(pattern: str, value: object, role: str = "an agent") -> Member:
    """Return what is an agent or a name; raises PatternError for anything else."""
    if (isinstance(value, str) and value) or is_agent(value):
        return value
    remedy = "decorate it with @agent" if callable(value) else "pass an agent, or the name of a registered one"
    raise PatternError(f"{pattern} was given {value!r:.200} as {role}: {remedy}.")


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


def same_input(pattern: str, sharing: Sequence[Member]) -> Kind:
    """Return the type of the input that members share; raises PatternError where no value can be of all their types."""
    kinds = {name_of(each): takes(each) for each in sharing if takes(each) is not ANYTHING}
    return one_type(pattern, kinds, "are handed the same input")


def one_type(pattern: str, kinds: Mapping[str, Kind], told: str) -> Kind:
    """Return the type of what several have in common, ANYTHING where none is known, of the types by who takes it.

    Raises PatternError where no value can be of two of them; `told` says for the message what they have in common.
    """
    for (one, kind), (other, another) in pairwise(kinds.items()):
        first, second = shape_of(kind).schema, shape_of(another).schema
        if wrong := disagreement(first, second) or disagreement(second, first):
            raise PatternError(f"{pattern}: {one} and {other} {told}, but take different ones: {wrong}.")
    return next(iter(kinds.values()), ANYTHING)
