"""Each error of Podium says what sort of failure it is, whoever raises it and however deep it comes from."""

import pytest

from podium import errors
from podium.dispatch.failure import kind_of
from podium.model.retry import Backoff, FailureKind, Retry
from tests.unit.dispatch.own_errors import KINDS, ORIGINS, made

KIND = FailureKind


@pytest.mark.parametrize("name", KINDS)
def test_every_class_of_error_has_the_kind_of_the_table(name: str) -> None:
    assert kind_of(made(name)) is KINDS[name]


def test_the_table_has_every_class_that_a_workflow_can_fail_with() -> None:
    root = errors.PodiumError
    there = {name for name in errors.__all__ if issubclass(each := getattr(errors, name), root) and each is not root}
    assert there == KINDS.keys()


@pytest.mark.parametrize(("error", "kind"), ORIGINS, ids=lambda each: getattr(each, "code", str(each)))
def test_what_was_refused_or_failed_below_decides(error: Exception, kind: FailureKind) -> None:
    assert kind_of(error) is kind


def test_an_error_of_a_class_of_its_own_has_the_kind_of_the_nearest_one() -> None:
    class OverQuota(errors.BoundReached): ...

    class Unheard(errors.TeamError): ...

    assert kind_of(OverQuota("used up")) is kind_of(Unheard("nobody listened")) is KIND.FINAL


def test_an_error_that_cannot_be_looked_at_is_a_bug() -> None:
    class Hostile(errors.CallFailed):
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    assert kind_of(Hostile("x", kind="rate", type="X", key="0")) is KIND.BUG
    assert kind_of(errors.CallFailed("x", kind="of another release", type="X", key="0")) is KIND.BUG


@pytest.mark.parametrize("kind", [KIND.FINAL, KIND.REFUSED])
def test_what_is_final_is_never_tried_again_and_cannot_be_asked_for_by_name(kind: FailureKind) -> None:
    assert not Retry(attempts=9, kinds=frozenset(FailureKind)).allows(kind, 1)
    with pytest.raises(errors.UsageError, match=rf"per.*{kind}.*is never tried again"):
        Retry(per={kind: Backoff(attempts=3)})
