"""A principal is who it says, of one tenant, and whatever could be read in two ways is refused where it is made."""

from typing import Any, cast

import pytest

from podium.errors import UsageError
from podium.model.principal import INSTALLATION, Principal


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"who": ""}, "who is ''"),
        ({"who": None}, "who is None"),
        ({"who": "\ud800"}, "who cannot be stored"),
        ({"tenant": " "}, "tenant is ' '"),
        ({"tenant": None}, "tenant is None"),
        ({"tenant": INSTALLATION}, "belongs to the installation"),
        ({"roles": "operator"}, "expected a set of names"),
        ({"roles": ["operator"]}, "expected a set of names"),
        ({"roles": {""}}, "a role is ''"),
        ({"roles": {"\udfff"}}, "a role cannot be stored"),
    ],
)
def test_what_is_no_principal_is_refused_and_named(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Principal(**cast("Any", {"who": "ann", "tenant": "acme", **wrong}))


def test_a_principal_has_no_tenant_by_default() -> None:
    with pytest.raises(TypeError, match="tenant"):
        Principal(who="ann")  # pyright: ignore[reportCallIssue]  what is tested


def test_roles_that_were_given_cannot_be_added_to() -> None:
    roles = {"editors"}
    ann = Principal(who="ann", tenant="acme", roles=roles)
    roles.add("operator")
    assert not ann.operates


@pytest.mark.parametrize(
    ("roles", "operates", "sees_all", "only_looks"),
    [
        (set[str](), False, False, False),
        ({"editors"}, False, False, False),
        ({"viewer"}, False, True, True),
        ({"viewer", "editors"}, False, True, False),
        ({"operator"}, True, True, False),
        ({"operator", "viewer"}, True, True, False),
        ({"approver"}, False, False, False),
        ({"approver", "viewer"}, False, True, False),
        ({"admin"}, True, True, False),
        ({"admin", "approver"}, True, True, False),
    ],
)
def test_what_a_role_lets_do(roles: set[str], *, operates: bool, sees_all: bool, only_looks: bool) -> None:
    ann = Principal(who="ann", tenant="acme", roles=roles)
    assert (ann.operates, ann.sees_all, ann.only_looks) == (operates, sees_all, only_looks)


@pytest.mark.parametrize(
    ("roles", "starts", "sees_asking", "administers"),
    [
        (set[str](), True, False, False),
        ({"editors"}, True, False, False),
        ({"viewer"}, False, False, False),
        ({"operator"}, True, False, False),
        ({"approver"}, False, True, False),
        ({"approver", "editors"}, False, True, False),
        ({"approver", "viewer"}, False, False, False),
        ({"approver", "operator"}, True, False, False),
        ({"admin", "approver"}, True, False, True),
    ],
)
def test_who_starts_runs_and_who_sees_those_that_ask(
    roles: set[str], *, starts: bool, sees_asking: bool, administers: bool
) -> None:
    ann = Principal(who="ann", tenant="acme", roles=roles)
    assert (ann.starts, ann.sees_asking, ann.administers) == (starts, sees_asking, administers)


@pytest.mark.parametrize(("to", "asked"), [("ann", True), ("anyone", True), ("editors", True), ("bob", False)])
def test_who_is_asked(to: str, *, asked: bool) -> None:
    assert Principal(who="ann", tenant="acme", roles={"editors"}).is_asked(to) is asked
