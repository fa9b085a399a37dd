"""Rules about the values of lists: all of them, any of them, none outside."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from podium.dispatch.rules.policy.cedar import CedarRules
from podium.dispatch.rules.policy.quantified import values_at
from podium.errors import ConfigError
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, Denied, PolicyDecision
from tests.examples import examples
from tests.unit.dispatch.test_policy_rules import EVERYTHING, Court

HEAD = 'forbid(principal, action == Action::"tool", resource == Tool::"clerk/send")'


def send(when: str, input: Json, *, head: str = HEAD, clause: str = "unless") -> PolicyDecision:
    return Court(f'{EVERYTHING}@id("x") {head} {clause} {{ {when} }};').tool("clerk", "send", input)


def allows(when: str, input: Json) -> bool:
    return isinstance(send(when, input), Allowed)


INSIDE = 'context.all.to like "*@example.org"'


@pytest.mark.parametrize(
    ("to", "inside", "touched"),
    [
        (["ann@example.org"], True, True), (["ann@example.org", "bob@example.org"], True, True),
        (["ann@example.org", "eve@evil.org"], False, True), (["eve@evil.org"], False, False), ([], True, False),
        ("ann@example.org", True, True), ("eve@evil.org", False, False), (["ann@example.org.evil.org"], False, False),
        ([["ann@example.org"], ["eve@evil.org"]], False, True),
    ],
)  # fmt: skip
def test_all_and_any_of_the_values_of_a_list(to: Json, inside: bool, touched: bool) -> None:  # noqa: FBT001 - a table
    assert allows(INSIDE, {"to": to}) == inside
    assert allows('context.any.to like "*@example.org"', {"to": to}) == touched
    assert allows('!(context.any.to like "*@example.org")', {"to": to}) != touched


@pytest.mark.parametrize("input", [{}, {"to": None}, {"to": [None]}, {"to": ["a@example.org", 3]}, [], None, "text"])
def test_what_cannot_be_judged_is_forbidden(input: Json) -> None:
    decision = send(INSIDE, input)
    assert isinstance(decision, Denied) == (input != [])
    if input != []:
        assert isinstance(decision, Denied)
        assert "cannot be evaluated" in decision.reason
        assert "context.all.to" in decision.reason or "input" in decision.reason


@pytest.mark.parametrize("has", ["context.all has to", "context has all.to", "context has any && context.any has to"])
def test_has_tells_whether_there_is_a_list(has: str) -> None:
    when = f"!({has}) || {INSIDE}"
    assert allows(when, {})
    assert allows(when, {"to": ["a@example.org"]})
    assert not allows(when, {"to": ["a@evil.org"]})


@pytest.mark.parametrize(
    ("when", "good", "bad"),
    [
        ('["a", "b"].contains(context.all.to)', ["a", "b", "a"], ["a", "c"]),
        ("context.all.to <= 5", [1, 5], [1, 6]),
        ('context.all.to.lessThan(decimal("2.5"))', [1.5, 2.25], [1.5, 2.75]),
        ('context.all.to != "eve"', ["ann"], ["ann", "eve"]),
        ('context.any.to == "boss"', ["ann", "boss"], ["ann"]),
        ("context.all.to has name", [{"name": "a"}], [{"name": "a"}, {"n": 1}]),
        ("context.all.to", [True, True], [True, False]),
        ("!context.any.to", [False], [False, True]),
        ("context.all.to == context.input.boss", ["lea"], ["lea", "eve"]),
        ('if context.any.to == "boss" then context.all.to != "eve" else false', ["boss", "ann"], ["boss", "eve"]),
        ('(context.all.to like "a*" || context.all.to like "*z") && context.any.to == "az"', ["az", "ab"], ["ab"]),
        ('context.all.to like "*\\*" && context.all.to == context.all.to', ["a*", "*"], ["a*", "b"]),
    ],
)  # fmt: skip
def test_whatever_can_be_said_of_a_value_can_be_said_of_those_of_a_list(when: str, good: Json, bad: Json) -> None:
    assert allows(when, {"to": good, "boss": "lea"})
    assert not allows(when, {"to": bad, "boss": "lea"})


def test_a_path_goes_through_lists_of_lists_and_of_records() -> None:
    orders: dict[str, Json] = {"orders": [{"lines": [{"usd": 5}, {"usd": 7}]}, {"lines": []}, {"lines": [{"usd": 9}]}]}
    assert allows("context.all.orders.lines.usd <= 9", orders)
    assert not allows("context.all.orders.lines.usd < 9", orders)
    assert isinstance(send("context.all.orders.lines.usd <= 9", {"orders": [{"lines": [{}]}]}), Denied)


def test_a_permit_holds_for_a_list_only_where_it_holds_for_each_value() -> None:
    court = Court(f'permit(principal, action == Action::"tool", resource) when {{ {INSIDE} }};')
    assert isinstance(court.tool("clerk", "send", {"to": ["a@example.org"]}), Allowed)
    assert isinstance(court.tool("clerk", "send", {"to": ["a@example.org", "b@evil.org"]}), Denied)
    assert isinstance(court.tool("clerk", "send", {}), Denied)


def test_a_rule_that_asks_reads_lists_too() -> None:
    head = f'@ask("leads") {HEAD}'
    assert isinstance(send(INSIDE, {"to": ["a@evil.org"]}, head=head), Asks)
    assert isinstance(send(INSIDE, {"to": ["a@example.org"]}, head=head), Allowed)
    assert isinstance(send(INSIDE, {}, head=head), Denied)


def test_a_condition_may_be_about_who_acts() -> None:
    text = f"{EVERYTHING}{HEAD} when {{ principal is User && context.any.to != principal.name }};"
    assert isinstance(Court(text).tool("clerk", "send", {"to": ["ada", "ada"]}), Allowed)
    assert isinstance(Court(text).tool("clerk", "send", {"to": ["ada", "bob"]}), Denied)


def test_a_list_that_is_too_long_is_denied_where_a_rule_looks_at_it() -> None:
    long = {"to": [str(n) for n in range(10_001)]}
    decision = send('context.all.to like "*"', long)
    assert isinstance(decision, Denied)
    assert "to has more than 10,000 values" in decision.reason
    assert allows('context.all.to like "*"', {"to": ["same"] * 20_000})
    assert allows("context.input has to", long)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("context.all.a == context.any.b", "about the values of one list"),
        ("context.all == context.input", "context.all stands before the name of a list: context.all.recipients"),
        ("(context.any has a) == true", "context.any stands before the name of a list"),
    ],
)
def test_what_cannot_be_meant_is_refused(when: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        CedarRules(f"{HEAD} when {{ {when} }};", "policy.cedar", dangerous="operators")


_TEXTS = some.text("ab@.*", max_size=6)
_PATTERNS = some.text("ab@.*", min_size=1, max_size=4)


@given(some.lists(_TEXTS, max_size=5), _PATTERNS)
@settings(max_examples=examples())
def test_a_pattern_says_of_a_list_what_it_says_of_its_values(to: list[str], pattern: str) -> None:
    matches = [fnmatchcase(each, pattern) for each in to]
    assert allows(f'context.all.to like "{pattern}"', {"to": to}) == all(matches)
    assert allows(f'context.any.to like "{pattern}"', {"to": to}) == any(matches)


_JSON = some.recursive(
    some.none() | some.integers(0, 3) | some.sampled_from("ab"),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from("ab"), inner),
    max_leaves=8,
)


@given(_JSON, some.lists(some.sampled_from("ab"), max_size=3))
def test_values_of_a_list_are_no_lists_and_none_is_missing(input: Json, path: list[str]) -> None:
    found = values_at(input, path)
    assert found is None or not any(each is None or isinstance(each, list) for each in found)
    if found is not None and not isinstance(input, list):
        assert values_at([input, input], path) == [*found, *found]
