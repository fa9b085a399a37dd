"""`podium policy` and `podium delegate`, in real processes."""

from pathlib import Path

import pytest

from tests.e2e.cli import Desk

RULES = """permit(principal, action, resource);
@id("mail") @ask("leads") forbid(principal, action, resource == Agent::"mail") when { context.input.n > 3 };
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("policy.cedar", RULES)
    desk.write("podium.toml", '[podium.policy]\nfile = "policy.cedar"\n')
    return desk


def test_check_lists_the_rules(desk: Desk) -> None:
    ended = desk.podium("policy", "check", "--json")
    assert [(row["rule"], row["effect"], row["asks"]) for row in ended.json] == [
        ("line-1", "permit", ""),
        ("mail", "forbid", "leads"),
        ("dangerous", "forbid", "operators"),
    ]


def test_check_tells_the_place_of_a_mistake(desk: Desk) -> None:
    desk.write("wrong.cedar", "permit(principal,\n  action resource);")
    ended = desk.podium("policy", "check", "wrong.cedar")
    assert ended.status == 1
    assert ended.err == "error: wrong.cedar, line 2, column 10: unexpected token `resource`.\n"


def test_check_warns_where_nothing_is_permitted(desk: Desk) -> None:
    desk.write("closed.cedar", "forbid(principal, action, resource);")
    assert "no rule permits anything" in desk.podium("policy", "check", "closed.cedar").out


def test_explain_tells_who_is_asked_and_what_follows(desk: Desk) -> None:
    ended = desk.podium("policy", "explain", "--agent", "mail", "--input", '{"n": 5}')
    assert ended.out == "leads is asked by policy:mail; if approved:\nallowed by policy:mail\n"


def test_explain_tells_why_something_is_denied(desk: Desk) -> None:
    ended = desk.podium("policy", "explain", "--agent", "mail", "--as", "ada", "--json")
    assert ended.json[0]["decision"] == "deny"
    assert (
        'User::"ada" may not call Agent::"mail": policy.cedar, line 2, cannot be evaluated' in ended.json[0]["reason"]
    )


def test_a_wrong_policy_file_keeps_a_workflow_from_starting(desk: Desk) -> None:
    desk.write("policy.cedar", "permit(")
    desk.write(
        "w.py", "from podium import Context, workflow\n\n@workflow\nasync def w(ctx: Context) -> int:\n    return 1\n"
    )
    ended = desk.podium("run", "w.py")
    assert ended.status == 1
    assert "policy.cedar, line 1, column 8: unexpected end of input" in ended.err


def test_a_delegation_is_granted_listed_and_revoked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "0123456789abcdef0123456789abcdef")
    desk.write("podium.toml", '[podium.delegation]\nkey = "env:DELEGATION_KEY"\n')
    only = ("mail:to=*@example.org", "mail:kind=news", "mail:kind=offer")
    bounds = ("--agent", "mail", *(word for each in only for word in ("--only", each)), "--without", "mail:bcc")
    bounds = (*bounds, "--expires", "8h", "--quota", "3")
    granted = desk.podium("delegate", "grant", "--by", "ada", "--to", "bot", *bounds)
    assert granted.out.count(".") == 2
    (listed,) = desk.podium("delegate", "list", "--json").json
    assert (listed["by"], listed["to"], listed["agents"], listed["quota"], listed["revoked_at"]) == (
        "ada", "bot", ["mail"], 3, None,
    )  # fmt: skip
    assert listed["arguments"] == {"mail": {"to": "*@example.org", "kind": ["news", "offer"], "bcc": None}}
    assert desk.podium("delegate", "revoke", listed["id"]).status == 0
    assert "revoked" in desk.podium("delegate", "list").out
    again = desk.podium("delegate", "revoke", listed["id"])
    assert again.status == 1
    assert "is in force" in again.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "mail:to"], "--only 'mail:to' is not AGENT:MEMBER=PATTERN"),
        (["--without", "mail"], "--without 'mail' is not AGENT:MEMBER"),
        (["--only", "mail:to=a", "--without", "mail:to"], "exclude each other"),
    ],
)
def test_bounds_that_are_none_are_told(desk: Desk, options: list[str], message: str) -> None:
    ended = desk.podium("delegate", "grant", "--by", "ada", "--to", "bot", *options)
    assert (ended.status, message in ended.err) == (2, True)


def test_a_token_cannot_be_granted_without_a_key(desk: Desk) -> None:
    ended = desk.podium("delegate", "grant", "--by", "ada", "--to", "bot")
    assert ended.err.startswith("error: delegation.key is not set")
