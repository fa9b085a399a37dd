import asyncio

import pytest

from podium.agents.memory import (
    Conflict,
    Delete,
    Forgotten,
    Get,
    Hits,
    KeyList,
    Keys,
    MemoryAgent,
    MemoryReply,
    MemoryScope,
    Put,
    Remembered,
    Request,
    Search,
    memory,
)
from podium.testing.steps import PlainMemory, PlainSteps
from tests.unit.agents.calls import answer


def _ask(agent: MemoryAgent, request: Request, store: PlainMemory, key: str = "k1") -> MemoryReply:
    steps = PlainSteps(idempotency_key=key)
    steps.memory = store
    return agent.output.load(answer(agent, agent.input.dump(request), steps))


def test_what_was_put_can_be_got() -> None:
    agent, store = memory(), PlainMemory()
    assert _ask(agent, Put("a", [1]), store) == Remembered("a", [1], 1)
    assert _ask(agent, Get("a"), store) == Remembered("a", [1], 1)


def test_a_key_that_was_never_put_has_version_0() -> None:
    assert _ask(memory(), Get("a"), PlainMemory()) == Remembered("a", None, 0)


def test_a_put_that_comes_too_late_is_told_what_is_there() -> None:
    agent, store = memory(), PlainMemory()
    _ask(agent, Put("a", 1, expect=0), store, key="k1")
    assert _ask(agent, Put("a", 2, expect=0), store, key="k2") == Conflict(Remembered("a", 1, 1))


def test_a_put_that_is_tried_again_counts_once() -> None:
    agent, store = memory(), PlainMemory()
    first = _ask(agent, Put("a", 1, expect=0), store)
    assert _ask(agent, Put("a", 1, expect=0), store) == first


def test_a_deleted_key_is_gone() -> None:
    agent, store = memory(), PlainMemory()
    _ask(agent, Put("a", 1), store)
    assert _ask(agent, Delete("a"), store) == Forgotten("a", existed=True)
    assert _ask(agent, Delete("a"), store) == Forgotten("a", existed=True)  # the same call, tried again
    assert _ask(agent, Delete("a"), store, key="k2") == Forgotten("a", existed=False)


def test_keys_are_listed_by_prefix() -> None:
    agent, store = memory(), PlainMemory()
    for number, key in enumerate(("b.2", "b.1", "c")):
        _ask(agent, Put(key, number), store)
    assert _ask(agent, Keys("b."), store) == KeyList(["b.1", "b.2"])


def test_values_are_found_by_their_words() -> None:
    agent, store = memory(), PlainMemory()
    _ask(agent, Put("a", "red fox"), store)
    _ask(agent, Put("b", "red tall tree"), store)
    assert _ask(agent, Search("tall red", limit=1), store) == Hits([Remembered("b", "red tall tree", 1)])


@pytest.mark.parametrize(
    ("scope", "place"), [("tenant", "tenant:acme"), ("run", "run:run_1"), ("agent", "agent:notes")]
)
def test_each_scope_is_a_place_of_its_own(scope: MemoryScope, place: str) -> None:
    store = PlainMemory()
    _ask(memory(scope, name="notes"), Put("a", 1), store)
    assert asyncio.run(store.get(place, "a")) is not None


def test_the_input_can_be_given_as_json() -> None:
    assert answer(memory(), {"op": "get", "key": "a"}) == {"key": "a", "value": None, "version": 0}
