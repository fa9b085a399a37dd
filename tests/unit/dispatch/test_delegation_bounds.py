"""What a delegation lets arguments be: every item of a list, several patterns, members that are not given."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.dispatch.rules.delegation.bounds import unfit
from podium.errors import InvalidValue, UsageError
from podium.model.delegation import ArgumentBound, Delegation
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.testing import ScriptedModel, Use
from tests.unit.engine.bench import Bench

BOB, EVE = "bob@example.org", "eve@elsewhere.org"
FROM_HERE = "*@example.org"


@pytest.mark.parametrize(
    "text",
    [
        EVE, f"{EVE},{BOB}", f"{EVE} {BOB}", f"{EVE}\n@example.org", f"{EVE};{BOB}", f"Eve <{EVE}>, x@example.org",
        f"{EVE}@example.org", "eve%elsewhere.org@example.org", "elsewhere.org!eve@example.org", f"{BOB}\n", f"{BOB} ",
        f"{BOB},{EVE}", f"{BOB}.elsewhere.org", f'"{EVE}"@example.org', f"{EVE}\0@example.org", f"{EVE}\u2028{BOB}", "",
    ],
)  # fmt: skip
def test_a_pattern_for_addresses_admits_nobody_from_elsewhere(text: str) -> None:
    assert unfit({"to": FROM_HERE}, {"to": text}) == "to like '*@example.org'"


@pytest.mark.parametrize("text", [BOB, "zoë.o-x_y+tag@example.org", "@example.org"])
def test_it_admits_those_of_there(text: str) -> None:
    assert unfit({"to": FROM_HERE}, {"to": text}) is None


@given(st.text(), st.text())
def test_whoever_comes_before_a_word_ends_it(before: str, after: str) -> None:
    fits = unfit({"to": FROM_HERE}, {"to": f"{before}@elsewhere.org{after}@example.org"}) is None
    assert not fits


CASES: list[tuple[ArgumentBound, Json, bool]] = [
    (FROM_HERE, [BOB], True),
    (FROM_HERE, [BOB, "ann@example.org"], True),
    (FROM_HERE, [BOB, EVE], False),
    (f"*{BOB}*", [BOB, EVE], False),
    (f"**{BOB}**", [BOB, EVE], False),
    (FROM_HERE, [[BOB, [EVE]]], False),
    (FROM_HERE, [], True),
    (FROM_HERE, [{"address": BOB}], False),
    (FROM_HERE, {BOB: EVE}, False),
    ([BOB, "ann@example.org"], BOB, True),
    ([BOB, "ann@example.org"], ["ann@example.org", BOB], True),
    ([BOB, "ann@example.org"], [BOB, EVE], False),
    ([], BOB, False),
    ("*", {"any": ["thing"]}, True),
    ("**", "a\nb, c", True),
    ("Dear **", "Dear Bob,\nhello", True),
    ("Dear *", "Dear Bob,\nhello", False),
    (["10", "2?"], 10, True),
    (["10", "2?"], 21, True),
    (["10", "2?"], 100, False),
    ("true", True, True),
    ("true", False, False),
    ("[abc]-[0-9]", "b-7", True),
    ("[abc]-[!0-9]", "b-7", False),
    ("a.b", "axb", False),
    ("a[", "a[", True),
    (r"[\w]", "x", False),
    (None, None, True),
    (None, [], True),
    (None, "", True),
    (None, [EVE], False),
    (None, 0, False),
    (None, False, False),
]


@pytest.mark.parametrize(("bound", "value", "fits"), CASES)
def test_a_member_is_bound_exactly(bound: ArgumentBound, value: Json, *, fits: bool) -> None:
    assert (unfit({"member": bound}, {"member": value}) is None) is fits


def test_a_member_that_is_not_there_fits_only_where_it_must_not_be() -> None:
    assert unfit({"bcc": None}, {"to": BOB}) is None
    for bound in ("*", "**", FROM_HERE, [BOB]):
        assert unfit({"bcc": bound}, {"to": BOB}) is not None


def test_paths_lead_through_objects_and_lists() -> None:
    mail: Json = {"people": [{"address": BOB}, {"address": [BOB]}], "order": {"customer": "c-1"}}
    assert unfit({"people.address": FROM_HERE, "order.customer": "c-*", "people.name": None}, mail) is None
    assert unfit({"people.address": FROM_HERE}, {"people": [{"address": BOB}, {"name": "x"}]}) is not None
    assert unfit({"order.customer": "c-*"}, {"order": "c-1"}) is not None


def test_all_other_members_may_be_bound_too() -> None:
    bounds: dict[str, ArgumentBound] = {"to": FROM_HERE, "text": "*", "*": None}
    assert unfit(bounds, {"to": BOB, "text": "hi"}) is None
    assert unfit(bounds, {"to": BOB, "text": "hi", "cc": None}) is None
    assert unfit(bounds, {"to": BOB, "text": "hi", "bcc": [EVE]}) == "no other members"


@pytest.mark.parametrize("path", ["recipients", "arguments.recipients"])
def test_the_arguments_of_a_tool_are_named_as_they_are_or_as_they_once_were(path: str) -> None:
    def judged(recipients: Json, **more: Json) -> str | None:
        arguments: Json = {"recipients": recipients, **more}
        return unfit({path: FROM_HERE}, arguments, {"tool": "send", "arguments": arguments})

    assert judged([BOB]) is None
    assert judged([BOB, EVE]) == f"{path} like '*@example.org'"
    assert judged([EVE], arguments={"recipients": [BOB]}) is not None  # an argument that is called so stands for none


def test_both_ways_to_name_an_argument_count() -> None:
    sent: Json = {"tool": "send", "arguments": {"to": EVE}}
    for bounds in ({"to": "**", "arguments.to": BOB}, {"arguments.to": "**", "to": BOB}):
        assert unfit(bounds, sent["arguments"], sent) is not None


@pytest.mark.parametrize(
    "wrong", [{"mail": "*@x.org"}, {"mail": {"to": 5}}, {"mail": {"to": [5]}}, {"mail": {"to": {"a": "b"}}}, ["mail"]]
)
def test_bounds_that_are_none_are_refused_when_they_are_said(wrong: Any) -> None:
    with pytest.raises(UsageError, match="patterns, lists of them or None"):
        Delegation(by="ada", to="bot", arguments=wrong)


HONEST: Json = {"recipients": [BOB], "body": "hi, all"}


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (HONEST, True),
        ({"recipients": [BOB, EVE], "body": "hi"}, False),
        ({"recipients": [BOB], "body": "hi", "bcc": [EVE]}, False),
        ({"recipients": [BOB], "body": "hi", "bcc": []}, True),
    ],
)
async def test_a_tool_with_lists_is_used_within_its_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, arguments: Json, sent: bool
) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "k" * 40)
    mails: list[list[str]] = []

    def send_email(recipients: list[str], body: str, bcc: list[str] | None = None) -> str:
        """Send."""
        mails.append(recipients + (bcc or []))
        return "sent"

    model = ScriptedModel([Use("send_email", arguments), "done"])
    clerk = llm_agent("clerk", model=model, instructions="x", tools=[send_email])

    @workflow
    async def desk(ctx: Context, question: str) -> str:
        return await ctx.call(clerk, question)

    bounds: dict[str, ArgumentBound] = {"recipients": [BOB], "body": "*", "*": None}
    delegation = Delegation(by="emma", to="chat", arguments={"clerk/send_email": bounds})
    bench = Bench(tmp_path)
    async with bench.app(desk, clerk, delegation={"key": "env:DELEGATION_KEY"}) as app:
        token = await app.delegations.grant(delegation)
        (granted,) = await app.delegations.all()
        assert granted.delegation == delegation
        handle = await app.redeem(token, "desk", "mail bob")
        assert await handle.result() == "done"  # a model is told of a tool that it may not use
        notes = [fact.body["reason"] for fact in await handle.facts() if fact.kind is FactKind.NOTICE]
        assert all("allows clerk/send_email only with" in each for each in notes)
        assert bool(notes) is not sent
    assert mails == ([[BOB]] if sent else [])


@pytest.mark.parametrize(
    ("bounds", "input", "fits"),
    [
        ({"order.to": FROM_HERE, "*": None}, {"order": {"to": BOB}}, True),
        ({"order.to": FROM_HERE, "*": None}, {"order": {"to": BOB, "bcc": EVE}}, False),
        ({"order.to": FROM_HERE, "*": None}, {"order": {"to": BOB, "bcc": []}, "cc": ""}, True),
        ({"order.to": FROM_HERE, "*": None}, {"order": {"to": BOB}, "cc": EVE}, False),
        ({"orders.to": FROM_HERE, "*": None}, {"orders": [{"to": BOB}, {"to": BOB, "bcc": EVE}]}, False),
        ({"order.to": FROM_HERE, "order.*": None}, {"order": {"to": BOB, "bcc": EVE}, "note": "x"}, False),
        ({"order.to": FROM_HERE, "order.*": None}, {"order": {"to": BOB}, "note": "x"}, True),
        ({"orders.*": None}, {"orders": [{"to": BOB}]}, False),
        ({"order.*": None}, {"order": "all"}, False),
        ({"order.*": "*", "*": None}, {"order": {"to": EVE}}, True),
        ({"arguments.order.to": FROM_HERE, "*": None}, {"order": {"to": BOB, "bcc": EVE}}, False),
    ],
)
def test_all_others_are_those_inside_objects_too(bounds: dict[str, ArgumentBound], input: Json, *, fits: bool) -> None:
    assert (unfit(bounds, input, {"tool": "order", "arguments": input}) is None) == fits


@pytest.mark.parametrize("path", ["", "order.", ".bcc", "a..b", "*.bcc", "order.*.bcc"])
async def test_a_path_that_leads_nowhere_is_refused_when_it_is_granted(tmp_path: Path, path: str) -> None:
    async with Bench(tmp_path).app(delegation={"key": "k" * 32}) as app:
        with pytest.raises(InvalidValue, match="is no path"):
            await app.delegations.grant(Delegation(by="ada", to="bot", arguments={"clerk/order": {path: None}}))
