"""Every pattern of the catalogue, written down and read again; and written down wrongly."""

import asyncio
import json
import random
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.errors import PatternError
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.patterns import Pattern, Team, load, load_yaml, sequence
from podium.patterns.building.inputs import plain
from tests.catalogue.entry import Entry, echo, entries
from tests.examples import examples
from tests.unit.engine.bench import Bench

KNOWN = entries()
PLACED = re.compile(r"^team\.yaml:(\d+):(\d+): \S")


def built(name: str) -> Pattern[Any, Any]:
    return sequence(KNOWN[name].build(echo), name="whole")


async def value_of(bench: Bench, pattern: Pattern[Any, Any], entry: Entry) -> Json:
    """Run a pattern to its end, answering what it asks."""
    async with bench.app(pattern) as app:
        handle = await app.start(pattern, "go")
        ended = asyncio.ensure_future(handle.result())
        while not ended.done():
            await bench.clock.advance(1)
            for question in await app.inbox.list():
                assert entry.answer is not None
                await app.inbox.answer(question.id, entry.answer(question), by="ann")
        return plain(await ended)


@pytest.mark.parametrize("name", KNOWN)
async def test_a_pattern_that_is_written_down_and_read_again_is_the_same(bench: Bench, name: str) -> None:
    whole = built(name)
    spec = json.loads(json.dumps(whole.spec()))
    again = load(spec, agents=whole.agents())
    assert again.spec() == spec
    assert (again.card, again.graph()) == (whole.card, whole.graph())
    assert await value_of(bench, again, KNOWN[name]) == await value_of(bench, whole, KNOWN[name])


@pytest.mark.parametrize("name", KNOWN)
def test_a_pattern_in_yaml_is_the_same(name: str) -> None:
    whole = built(name)
    assert team(written(whole), whole).workflow().spec() == whole.spec()


def written(whole: Pattern[Any, Any]) -> str:
    """Return a pattern as a team in YAML whose agents are handed over."""
    spec: Any = json.loads(json.dumps(whole.spec()))
    name = spec["sequence"].pop("name")
    return yaml.safe_dump({"workflows": {name: spec}}, sort_keys=False, width=1000)


def team(text: str, whole: Pattern[Any, Any]) -> Team:
    return load_yaml(text, agents=named(whole))


def named(whole: Pattern[Any, Any]) -> list[AnyAgent]:
    return [each for each in whole.agents() if not each.card.anonymous]


def mutilated(text: str, chance: random.Random) -> str:
    """Return a text with a few things deleted, moved, swapped or put in."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        number = chance.randrange(len(lines))
        match chance.randrange(7):
            case 0:
                del lines[number]
                lines = lines or [""]
            case 1:
                lines[number] = " " * chance.randint(0, 9) + lines[number].lstrip()
            case 2:
                lines.insert(number, chance.choice(lines))
            case 3:
                other = chance.randrange(len(lines))
                lines[number], lines[other] = _swapped(lines[number], lines[other], chance)
            case 4:
                at = chance.randint(0, len(lines[number]))
                lines[number] = lines[number][:at] + chance.choice(_INTRUDERS) + lines[number][at:]
            case 5:
                at = chance.randint(0, len(lines[number]))
                lines[number] = lines[number][:at]
            case _:
                head, colon, _ = lines[number].partition(":")
                lines[number] = f"{head}{colon} {chance.choice(_INTRUDERS)}"
    return "\n".join(lines)


_INTRUDERS = [
    ": ", "-", "- ", "[", "]", "{", "}", "&a ", "*a", "!", "|", ">", "'", '"', "#", "%", "@", "\t", "\n", ",", "?",
    "\x00", "0", "-1", "1.5", "1e9", "true", "null", "[]", "{}", "[1]", "{a: 1}", "builtins:str", "builtins:len", "é",
]  # fmt: skip


def _swapped(one: str, other: str, chance: random.Random) -> tuple[str, str]:
    """Return two lines with one token of each swapped."""
    mine, theirs = re.findall(r"\S+", one), re.findall(r"\S+", other)
    if not mine or not theirs:
        return other, one
    a, b = chance.choice(mine), chance.choice(theirs)
    return one.replace(a, b, 1), other.replace(b, a, 1)


@given(st.sampled_from(sorted(KNOWN)), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=examples(300))
def test_a_mutilated_team_is_read_or_refused_with_the_place(name: str, chance: random.Random) -> None:
    whole = built(name)
    text = mutilated(written(whole), chance)
    try:
        team(text, whole)
    except PatternError as error:
        lines = str(error).splitlines()
        assert lines
        for line in lines:
            found = PLACED.match(line)
            assert found, line
            assert 1 <= int(found[1]) <= text.count("\n") + 2
