"""What an entry of the catalogue is: one pattern in the form in which every pattern is killed and nested."""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium import Agent, agent
from podium.model.json import Json
from podium.model.question import Question
from podium.patterns.building.inputs import plain
from podium.patterns.building.pattern import Pattern
from podium.patterns.sequence import sequence

Text = Agent[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One pattern, made of offline agents that are defined at the top level of the entry's module."""

    build: Callable[[Text], Pattern[Any, Any]]
    """Makes it, without a name; it takes a text. The agent handed over has to be one of its members, one that is called
    in the undisturbed run; whatever text that agent gives, the pattern has to come to an end with a value."""
    gives: Json
    """Its value as JSON for the input `"go"`, where that member is `echo`."""
    answer: Callable[[Question], Json] | None = None
    """Answers what it asks of people."""


@agent
async def echo(text: str) -> str:
    """Give the text back: the plainest member."""
    return f"echo {text}"


def text_of(value: Json) -> str:
    """Return a value as one line of text."""
    return json.dumps(plain(value), sort_keys=True)


def as_text(inner: Pattern[Any, Any]) -> Pattern[str, str]:
    """Return a pattern that takes and gives a text, so that it can stand where a member stands."""
    return sequence(inner, text_of)


def entries() -> Mapping[str, Entry]:
    """Return all entries by the name of their pattern."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("of_*.py"))
    return {name.removeprefix("of_"): importlib.import_module(f"tests.catalogue.{name}").ENTRY for name in names}
