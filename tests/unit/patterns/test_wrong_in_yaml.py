"""Every option of every pattern, written wrongly in YAML: refused where it stands, with its line and column."""

import json
from itertools import product
from typing import Any

import pytest

from podium.errors import PatternError
from podium.patterns import load_yaml
from podium.patterns.building.pattern import CardFields
from podium.patterns.building.wanted import wanted
from podium.patterns.loading.building import form_of, makers
from tests.unit.patterns.test_wrong_options import MADE, first, made, second

KINDS = [*MADE, "human"]
WRONG: list[Any] = ["5 min", 1.5, -7, [[[]]], {"zebra": 1}, ""]


def options(kind: str) -> list[str]:
    """Return the options that are tried; those of every pattern once."""
    every = CardFields.__annotations__ if kind not in ("sequence", "human") else ()
    return [option for option in form_of(makers()[kind]).options if option not in every]


def written(kind: str) -> dict[str, Any]:
    """Return a sound pattern, or person, as YAML has it."""
    if kind == "human":
        return {"to": "boss", "text": "Well?", "answer": "bool"}
    args, given = MADE[kind]
    spec: Any = made(kind, *args, **given).spec()
    return spec[kind]


def lines(kind: str, inner: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """Return a team with an option on each line, and the line of each."""
    head = ["workflows:", "  w:"] if kind != "human" else ["workflows: {w: {sequence: [w1]}}", "agents:", "  w1:"]
    head.append(f"    {kind}:")
    body = [f"      {name}: {json.dumps(value)}" for name, value in inner.items()]
    places = {name: len(head) + number for number, name in enumerate(inner, 1)}
    return "\n".join([*head, *body]) + "\n", places


def team(text: str) -> object:
    return load_yaml(text, agents=[first, second])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_spoilt_here_is_sound(kind: str) -> None:
    team(lines(kind, written(kind))[0])


def fits(kind: str, option: str, value: object) -> bool:
    """Whether an option may take a value; a number without quotes may be a text, or a rule that is always the same."""
    place = wanted(form_of(makers()[kind]).options[option])
    return place.fits(value) or (isinstance(value, bool | int | float) and (str in place.scalars or place.function))


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_value_of_any_option_is_refused_where_it_stands(kind: str) -> None:
    elsewhere: list[object] = []
    for option, value in product(options(kind), WRONG):
        text, places = lines(kind, written(kind) | {option: value})
        try:
            team(text)
        except PatternError as error:
            told = str(error).splitlines()
            if not any(line.startswith(f"team.yaml:{places[option]}:") for line in told):
                elsewhere.append((option, value, told))
        else:
            if not fits(kind, option, value):
                elsewhere.append((option, value, "taken"))
    assert elsewhere == []
