"""Every option of every pattern is checked when it is made: one that takes anything fails here."""

import inspect
from typing import Any

import pytest
from typing_extensions import get_type_hints

from podium import agent, patterns
from podium.errors import PatternError, PodiumError
from podium.patterns import AdaptOrch, transition, watch
from podium.patterns.building.pattern import Pattern
from podium.patterns.building.wanted import Wanted, wanted


@agent
async def first(x: Any) -> Any:
    return x


@agent
async def second(x: Any) -> Any:
    return x


MADE: dict[str, tuple[tuple[object, ...], dict[str, object]]] = {
    "adaptive": (
        (first,),
        {"analyst": second, "rule": AdaptOrch(parallel=first, sequential=first, hierarchical=first, hybrid=first)},
    ),
    "approve": (("boss",), {}),
    "blackboard": ((watch(first, when=len),), {}),
    "cascade": ((first, second), {"confident": bool}),
    "debate": ((first, second), {}),
    "ensemble": ((first, second), {"judge": len}),
    "gate": ((first,), {}),
    "group_chat": ((first, second), {}),
    "handoff": ((first, second), {}),
    "magentic": ((first, [second]), {}),
    "mesh": ((first, second), {}),
    "parallel": ((first, second), {}),
    "plan_execute": ((first, [second]), {}),
    "race": ((first, second), {}),
    "refine": ((first, second), {"until": bool}),
    "route": (({"a": first}, second), {}),
    "saga": ((first, second), {}),
    "sequence": ((first, second), {}),
    "state_machine": ((transition("a", "b", on="go"),), {"start": "a", "ends": ["b"]}),
    "supervisor": ((first, [second]), {}),
    "task_force": ((first,), {"candidates": [second]}),
    "vote": ((first, second), {}),
}
"""How each of them is made rightly."""


def made(kind: str, /, *args: object, **options: object) -> Pattern:
    build: Any = getattr(patterns, kind)
    return build(*args, **options)


def options() -> list[tuple[str, str]]:
    return [
        (name, option)
        for name in MADE
        for option, each in inspect.signature(getattr(patterns, name)).parameters.items()
        if each.kind is not each.VAR_KEYWORD and option != "gives"
    ]


@pytest.mark.parametrize("name", MADE)
def test_it_is_made(name: str) -> None:
    args, given = MADE[name]
    made(name, *args, **given)


@pytest.mark.parametrize(("name", "option"), options())
@pytest.mark.parametrize("wrong", [object(), b"", 1.5j], ids=["object", "bytes", "complex"])
def test_what_no_option_takes_is_told(name: str, option: str, wrong: object) -> None:
    args, given = MADE[name]
    parameters = inspect.signature(getattr(patterns, name)).parameters
    places = list(parameters)
    if parameters[option].kind is inspect.Parameter.VAR_POSITIONAL:
        args = (*args, wrong)
    elif parameters[option].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and places.index(option) < len(args):
        args = (*args[: places.index(option)], wrong, *args[places.index(option) + 1 :])
    else:
        given = {**given, option: wrong}
    with pytest.raises(PodiumError):
        made(name, *args, **given)


def holding() -> list[tuple[str, str, object]]:
    """Return the options that take a list or a mapping, each with one that holds what nothing takes."""
    found: list[tuple[str, str, object]] = []
    for name, option in options():
        hint = get_type_hints(inspect.unwrap(getattr(patterns, name)))[option]
        several = inspect.signature(getattr(patterns, name)).parameters[option].kind is inspect.Parameter.VAR_POSITIONAL
        found += [] if several else [(name, option, each) for each in _holding(wanted(hint))]
    return found


def _holding(place: Wanted) -> list[object]:
    lists = [] if place.collect is None else [[_wrong(place.items)], [_inside(place.items)]]
    if place.values is None:
        return lists
    return [*lists, {"first": _wrong(place.values)}, {"first": _inside(place.values)}, {1: "first"}]


def _wrong(hint: object) -> object:
    """Return an agent where none may stand."""
    return object() if wanted(hint).agent or wanted(hint).anything else first


def _inside(hint: object) -> object:
    """Return what is wrong one level deeper, where there is one."""
    place = wanted(hint)
    return [object()] if place.collect is not None else {"a": object()} if place.values is not None else object()


@pytest.mark.parametrize(("name", "option", "wrong"), holding())
def test_what_a_list_or_a_mapping_does_not_hold_is_told(name: str, option: str, wrong: object) -> None:
    args, given = MADE[name]
    places = [each for each in inspect.signature(getattr(patterns, name)).parameters if each not in given]
    if option in places[: len(args)]:
        args = tuple(wrong if place == option else each for place, each in zip(places, args, strict=False))
    else:
        given = {**given, option: wrong}
    with pytest.raises(PodiumError):
        made(name, *args, **given)


def test_the_place_in_a_mapping_that_is_wrong_is_named() -> None:
    with pytest.raises(PatternError, match=r"handoff was given needs=.*: needs\.second\[1\] is 5; expected a text\."):
        made("handoff", first, second, needs={"second": ["a", 5]})
