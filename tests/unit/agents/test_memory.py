import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, get_args

import pytest

from podium.agents.memory import (
    Append,
    Appended,
    Conflict,
    Delete,
    Forgotten,
    Get,
    Hits,
    KeyList,
    Keys,
    Lock,
    Locked,
    LockHeld,
    MemoryAgent,
    MemoryReply,
    MemoryScope,
    Put,
    Remembered,
    Request,
    Search,
    Unlock,
    Unlocked,
    memory,
)
from podium.errors import UsageError
from podium.model.call import Call
from podium.model.duration import Duration
from podium.model.memory import memory_scope
from podium.testing.clock import DrivenClock
from podium.testing.memory import PlainMemory
from podium.testing.steps import PlainSteps
from tests.unit.agents.calls import answer, call_with


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


def test_what_one_puts_is_found_by_those_whose_memory_it_is_alone() -> None:
    calls = [
        replace(call_with(), tenant=tenant, principal=principal, run=f"{tenant}/{principal}")
        for tenant, principal in product(("default", "acme", "a", "a/b"), ("ann", "b/ann", "b", "acme/notes"))
    ]
    names = ("notes", "acme/notes", "b/notes")
    whose: dict[MemoryScope, Callable[[Call, str], object]] = {
        "tenant": lambda call, name: call.tenant,
        "run": lambda call, name: call.run,
        "agent": lambda call, name: (call.tenant, name),
        "user": lambda call, name: (call.tenant, call.principal),
    }
    owners = defaultdict[str, set[object]](set)
    places = defaultdict[object, set[str]](set)
    for (scope, owner), call, name in product(whose.items(), calls, names):
        place = memory_scope(scope, call, name)
        owners[place].add((scope, owner(call, name)))
        places[scope, owner(call, name)].add(place)
    assert all(len(each) == 1 for each in owners.values())
    assert all(len(each) == 1 for each in places.values())


def test_what_agents_of_the_default_tenant_remembered_before_there_were_others_is_still_theirs() -> None:
    call = replace(call_with(), tenant="default")
    assert memory_scope("agent", call, "notes") == "agent:notes"
    assert memory_scope("tenant", call, "notes") == "tenant:default"
    assert memory_scope("run", call, "notes") == "run:run_1"


def test_each_scope_is_a_place_of_its_own() -> None:
    store = PlainMemory()
    for number, scope in enumerate(get_args(MemoryScope)):
        _ask(memory(scope, name="notes"), Put("a", scope), store, key=f"k{number}")
    for scope in get_args(MemoryScope):
        assert _ask(memory(scope, name="notes"), Get("a"), store) == Remembered("a", scope, 1)


def test_a_scope_that_there_is_none_of_is_refused() -> None:
    scope: Any = "person"
    with pytest.raises(UsageError, match=r"the scope of a memory is 'person'; expected 'tenant' or 'run' or"):
        memory(scope)


def test_the_input_can_be_given_as_json() -> None:
    assert answer(memory(), {"op": "get", "key": "a"}) == {
        "key": "a", "value": None, "version": 0, "until": None,
    }  # fmt: skip


@pytest.mark.parametrize("ttl", [604_800, 604_800.0, "7d", timedelta(days=7)])
def test_a_value_is_forgotten_after_its_time_however_that_is_said(ttl: Duration) -> None:
    agent, store = memory(), PlainMemory()
    until = store.clock.now() + 604_800
    assert _ask(agent, Put("a", 1, ttl=ttl), store) == Remembered("a", 1, 1, until)
    assert _ask(agent, Get("a"), store) == Remembered("a", 1, 1, until)
    assert asyncio.run(store.under(DrivenClock(until)).get("tenant:acme", "a")) is None


def test_a_time_can_be_said_in_json_too() -> None:
    store = PlainMemory()
    steps = PlainSteps()
    steps.memory = store
    found = answer(memory(), {"op": "put", "key": "a", "value": 1, "ttl": "1h"}, steps)
    assert found == {"key": "a", "value": 1, "version": 1, "until": store.clock.now() + 3600}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Put("a", 1, ttl="soon"), r"ttl of Put is 'soon'; expected seconds, more than 0, such as 30"),
        (lambda: Put("a", 1, ttl=0), r"ttl of Put is 0; expected seconds, more than 0"),
        (lambda: Lock("a", lease=-1), r"lease of Lock is -1; expected seconds, more than 0"),
        (lambda: Search("a", limit=-1), r"limit of Search is -1; expected"),
        (lambda: Put("a", 1, expect=-1), r"expect of Put is -1; expected a whole number, 0 or more, or None"),
        (lambda: Put("a\0b", 1), r"key of Put is 'a\\x00b'; expected a text without the character NUL"),
        (lambda: Append("a\0b", 1), r"key of Append is 'a\\x00b'; expected a text without the character NUL"),
        (lambda: Lock("a\0b"), r"key of Lock is 'a\\x00b'; expected a text without the character NUL"),
        (lambda: Append("a", 1, to="text"), r'value of Append is 1; expected a text, as it says to="text"'),
    ],
)
def test_what_could_never_be_is_refused_where_it_is_written(make: Callable[[], object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make()


def test_what_is_appended_is_counted_once_and_refused_where_it_does_not_fit() -> None:
    agent, store = memory(), PlainMemory()
    assert _ask(agent, Append("a", "red"), store) == Appended("a", 1, 1)
    assert _ask(agent, Append("a", "red"), store) == Appended("a", 1, 1)
    assert _ask(agent, Append("a", "x", to="text"), store, key="k2") == Conflict(Remembered("a", ["red"], 1))


def test_who_waits_for_a_lock_is_told_who_holds_it_until_when() -> None:
    agent, store = memory(), PlainMemory()
    until = store.clock.now() + 30
    assert _ask(agent, Lock("a"), store, key="run_1:0") == Locked("a", 1, until)
    assert _ask(agent, Lock("a"), store, key="run_1:0") == Locked("a", 1, until)
    assert _ask(agent, Lock("a", "1m"), store, key="run_2:0") == LockHeld("a", "run_1:0", until)
    assert _ask(agent, Unlock("a", 1), store, key="run_1:1") == Unlocked("a", released=True)
    assert _ask(agent, Lock("a", "1m"), store, key="run_2:1") == Locked("a", 2, until + 30)
