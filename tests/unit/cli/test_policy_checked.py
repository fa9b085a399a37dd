"""`podium policy check` finds rules about what there is not; `explain` says what it lacks, or that no run has it."""

import json
from pathlib import Path

import pytest

from podium import App
from podium.errors import ConfigError
from podium.model.delegation import Delegation
from tests.unit.cli.in_process import Printed, podium
from tests.unit.cli.test_policy_explained import DESK

TOOL = 'forbid(principal, action == Action::"tool", resource == Tool::"clerk/refund")'
PAY = 'forbid(principal, action == Action::"call", resource == Agent::"pay")'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.py").write_text(DESK)
    (tmp_path / "podium.toml").write_text(
        '[podium]\nstore = "desk.db"\n[podium.policy]\nfile = "p.cedar"\ngroups = { staff = ["ada"] }\n'
    )
    return tmp_path


def check(folder: Path, rule: str, *options: str) -> Printed:
    (folder / "p.cedar").write_text(f"permit(principal, action, resource);\n{rule}\n")
    return podium("policy", "check", *options)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('forbid(principal in Group::"stafff", action, resource);', 'no group Group::"stafff"; there are staff'),
        ('forbid(principal, action, resource) when { principal in Group::"x" };', 'no group Group::"x"'),
        ('forbid(principal == Agent::"dsek", action, resource);', 'no agent Agent::"dsek"; there are clerk, desk'),
        ('forbid(principal, action, resource == Agent::"refund");', 'no agent Agent::"refund"'),
        ('forbid(principal, action, resource) when { resource in Agent::"clrk" };', 'no agent Agent::"clrk"'),
        ('forbid(principal, action, resource == Tool::"clerk/refnd");', 'Tool::"clerk/refnd"; there are clerk/'),
        ('forbid(principal, action, resource) unless { resource == Tool::"clark/refund" };', "no tool Tool"),
        ('forbid(principal, action, resource == Memory::"clerk");', 'no memory Memory::"clerk"; there are notes'),
        ('forbid(principal, action, resource in Capability::"moeny");', 'Capability::"moeny"; there are desk, money'),
        (f"{TOOL} when {{ context.input.amuont > 5 }};", 'Tool::"clerk/refund" has no context.input.amuont; '),
        (f"{TOOL} when {{ context.input has amuont }};", "context.input.amuont; there are amount, to"),
        (f'{TOOL} when {{ context.caller == "dsek" }};', "context.caller is never 'dsek'"),
        (f'{TOOL} unless {{ context.callers.containsAny(["desk", "dsek"]) }};', "context.callers is never 'dsek'"),
        (f'{TOOL} when {{ context.sources has to && context.sources.to.contains("clerk/raed") }};', "'clerk/raed'"),
        (f'{TOOL} when {{ context.untrusted.contains("amuont") }};', "context.untrusted never has 'amuont'"),
        (f"{TOOL} when {{ context.all.amuont == 3 }};", "has no context.all.amuont; there are amount, to"),
        (f"{TOOL} when {{ context.input.to.name == 3 }};", "context.input.to.name"),
        (f"{PAY} when {{ context.input.sum > 5 }};", '"pay" has no context.input.sum; there are amount, notes, to'),
        (f"{TOOL} when {{ context.call_input.x == 3 }};", "context.call_input.x"),
        ('forbid(principal, action == Action::"tool", resource) when { context.input has amuont };',
         "nothing that the rule can be about has context.input.amuont; there are amount, at, to"),
        ('forbid(principal, action, resource in Capability::"money") when { context.input.at == 3 };',
         "nothing that the rule can be about has context.input.at"),
    ],
)  # fmt: skip
def test_what_a_rule_speaks_of_has_to_be_there(folder: Path, rule: str, told: str) -> None:
    said = check(folder, rule, "--file", "desk.py")
    assert said.status == 1
    assert "p.cedar, line 2: " in said.err
    assert told in said.err


@pytest.mark.parametrize(
    "rule",
    [
        'forbid(principal in Group::"staff", action, resource == Tool::"clerk/refund") when { context.input has to };',
        f'{PAY} when {{ context.input has to && context.input.to == "x" && context.input.notes == ["a"] }};',
        'forbid(principal == User::"somebody", action, resource is Tool) when { context.input has at };',
        'forbid(principal, action, resource in Agent::"clerk") when { context.input has amount };',
        'forbid(principal, action == Action::"write_memory", resource is Memory) when { context.input has key };',
        "forbid(principal, action, resource) when { context.request.whatever == 3 && context has input };",
        'forbid(principal, action == Action::"tool", resource == Tool::"pay/saw") when { context.input.teeth > 3 };',
        'forbid(principal, action, resource in Capability::"desk");',
        f'{TOOL} when {{ context.caller == "desk" || ["", "desk"].contains(context.caller) }};',
        f'{TOOL} when {{ context.sources has to && context.sources.to.containsAny(["clerk/look", "pay"]) }};',
        f'{TOOL} unless {{ context.from_trusted.containsAll(["to", "amount"]) || context.input.to == "dsek" }};',
        f'{PAY} when {{ context.any.notes like "*secret*" }};',
    ],
)  # fmt: skip
def test_a_rule_about_what_there_is_passes(folder: Path, rule: str) -> None:
    said = check(folder, rule, "--file", "desk.py")
    assert (said.status, said.err) == (None, "")


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    said = check(folder, 'forbid(principal == Agent::"x", action, resource == Agent::"y");', "--file", "desk.py")
    assert said.err.count("p.cedar, line 2: there is no agent") == 2


def test_without_the_agents_it_says_what_was_not_looked_for(folder: Path) -> None:
    said = check(folder, 'forbid(principal, action, resource == Agent::"refnd");')
    assert said.status is None
    assert "name the file of the agents with --file" in said.err


async def test_an_agent_outside_to_whom_somebody_delegated_is_one_that_there_is(folder: Path) -> None:
    rule = 'forbid(principal == Agent::"chat", action, resource == Agent::"pay");'
    assert 'no agent Agent::"chat"' in check(folder, rule, "--file", "desk.py").err
    async with App.open("desk.db", delegation={"key": "k" * 40}) as app:
        await app.delegations.grant(Delegation(by="ada", to="chat", agents=("pay",)))
    assert check(folder, rule, "--file", "desk.py").err == ""


async def test_a_group_that_there_is_not_keeps_the_app_from_opening(folder: Path) -> None:
    check(folder, 'forbid(principal in Group::"trainees", action, resource);')
    with pytest.raises(ConfigError, match=r"line 2: there is no group .*groups = \{ trainees = \[\] \}"):
        async with App.open(":memory:", policy={"file": "p.cedar", "groups": {"staff": ["ada"]}}):
            pass


def explain(folder: Path, rule: str, *options: str) -> Printed:
    (folder / "p.cedar").write_text(f"permit(principal, action, resource);\n{rule}\n")
    return podium("policy", "explain", *options)


USE = ("--agent", "clerk", "--tool", "refund", "--caller", "desk")


@pytest.mark.parametrize(
    ("rule", "options", "told"),
    [
        ("", ("--agent", "pay"), "of pay only the name is known, not dangerous: name the file"),
        (f'{PAY} when {{ resource.effects == "once" }};', ("--agent", "pay"), "not dangerous"),
        ('forbid(principal, action, resource) when { resource.model == "x" };', USE, "not model: name the file"),
        (f"{TOOL} when {{ context.input.amount > 1 }};", USE, "rules look at context.input: give it with --input"),
        (f"{TOOL} when {{ context.request.a == 1 }};", USE, "rules look at context.request: give it with --request"),
        (f"{TOOL} when {{ context.run_input == 1 }};", USE, "context.run_input: give it with --run-input"),
        (f"{TOOL} when {{ context.call_input == 1 }};", USE, "context.call_input: give it with --call-input"),
        (f'{TOOL} when {{ context.run == "x" }};', USE, "context.run: it is known in a run only"),
        (f'{TOOL} when {{ principal in Run::"x" }};', USE, "the run that somebody is in: it is known in a run only"),
        (f"{TOOL} when {{ context.attempt > 2 }};", USE, "context.attempt: it is judged as attempt 1"),
        ('forbid(principal == Agent::"x", action, resource is Agent);', ("--agent", "pay"), "who is on the way: name"),
        (f'{PAY} when {{ principal.kind == "x" }};', ("--agent", "pay", "--caller", "desk"), "of pay, desk only"),
    ],
)  # fmt: skip
def test_explain_says_what_it_lacks(folder: Path, rule: str, options: tuple[str, ...], told: str) -> None:
    said = explain(folder, rule, *options)
    assert "a run may decide otherwise: " in said.err
    assert told in said.err
    unknown = json.loads(explain(folder, rule, *options, "--json").out)[0]["unknown"]
    assert any(told in each for each in unknown)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((*USE, "--input", '{"amount": "much"}'), "refund does not take that: 'much' is not of type 'integer'"),
        ((*USE, "--input", '{"amuont": 5}'), "refund does not take that: "),
        (("--agent", "pay", "--caller", "desk", "--input", '{"to": "x"}'), "pay does not take that: expected Order: "),
    ],
)  # fmt: skip
def test_explain_says_where_no_run_can_have_that_input(folder: Path, options: tuple[str, ...], told: str) -> None:
    said = explain(folder, "", *options, "--file", "desk.py")
    assert said.out == "allowed\n"
    assert f"a run may decide otherwise: {told}" in said.err


def test_explain_lacks_nothing_where_it_was_told_all(folder: Path) -> None:
    rule = f'{TOOL} when {{ context.input.amount > context.request.amount && context.caller == "desk" }};'
    options = (*USE, "--input", '{"amount": 5}', "--request", '{"amount": 5}', "--file", "desk.py")
    said = explain(folder, rule, *options)
    assert (said.out, said.err) == ("allowed\n", "")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--agent", "clerk", "--tool", "refnd"), "clerk has no tool 'refnd'. Its tools: look, new, refund."),
        (("--agent", "klerk"), "no agent 'klerk'"),
        ((*USE, "--input", '{"tool": "refund", "arguments": {"amount": 5}}'), """--input '{"amount": 5}'"""),
    ],
)  # fmt: skip
def test_explain_refuses_what_no_run_can_come_to(folder: Path, options: tuple[str, ...], told: str) -> None:
    said = explain(folder, "", *options, "--file", "desk.py")
    assert said.status == 1
    assert told in said.err


def test_a_tool_of_an_agent_in_a_tool_has_the_name_that_rules_know(folder: Path) -> None:
    rule = 'forbid(principal, action, resource == Tool::"inner/pay");'
    assert "denied by policy:line-2" in explain(folder, rule, "--agent", "clerk", "--tool", "inner/pay").out
