"""How much of what users want is kept, and of what outsiders want kept off, by rules about origins and by lists."""

import json
import re
from collections.abc import Iterator

import pytest

from benchmarks.plans.desks import HERE, TOOLS
from benchmarks.plans.playing import figures, injected, wished
from podium.model.json import Json, is_array, is_object


async def test_most_of_what_users_want_is_kept_and_nearly_all_that_outsiders_want_is_not() -> None:
    found = await figures()
    assert (found.wished, found.attacked) == (64, 64)
    assert len(found.kept) >= 0.9 * found.wished
    assert found.blocked >= 0.95 * found.acts
    assert len(found.finished) >= 0.9 * found.attacked


async def test_without_rules_the_scripted_model_does_all_that_outsiders_want() -> None:
    found = await figures(policies=False, lists=False, halves=(2,))
    assert len(found.kept) == found.wished
    assert found.blocked == 0


def test_both_halves_are_of_one_size_in_each_domain() -> None:
    for half in (1, 2):
        for domain in TOOLS:
            assert sum(each.half == half and each.domain == domain for each in wished().values()) == 8
            assert sum(each.half == half and each.on.startswith(domain) for each in injected()) == 8


@pytest.mark.parametrize("domain", TOOLS)
def test_a_policy_holds_no_literal_of_the_set(domain: str) -> None:
    policy = re.sub(r"//.*", "", (HERE / f"{domain}.cedar").read_text())
    said = set(re.findall(r'"([^"]*)"', policy)) | set(re.findall(r"\b\d+\b", policy))
    world: Json = json.loads((HERE / f"{domain}.json").read_text())
    plans = [arguments for each in wished().values() if each.domain == domain for _, arguments in each.steps]
    acts = [arguments for each in injected() if each.on.startswith(domain) for _, arguments in each.acts]
    assert said.isdisjoint(_values([world, plans, acts]))


def _values(value: Json) -> Iterator[str]:
    if is_object(value):
        for each in value.values():
            yield from _values(each)
    elif is_array(value):
        for each in value:
            yield from _values(each)
    else:
        yield str(value)
