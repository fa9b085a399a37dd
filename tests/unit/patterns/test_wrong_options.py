"""Every option of every pattern is checked when it is made: one that takes anything fails here."""

import inspect
from typing import Any

import pytest

from podium import agent, patterns
from podium.errors import PodiumError
from podium.patterns import AdaptOrch, transition, watch
from podium.patterns.building.pattern import Pattern


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
