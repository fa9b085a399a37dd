import errno
import socket
from types import SimpleNamespace

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from podium import errors
from podium.dispatch.failure import failure_of
from podium.model.retry import FailureKind


class StatusError(Exception):
    """An error as the clients of model vendors raise them."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"status {status}")
        self.status_code = status
        self.response = SimpleNamespace(status_code=status, headers=headers or {})


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def _of_library(module: str, name: str) -> Exception:
    return type(name, (Exception,), {"__module__": module})("broken")


def _http_status(status: int, headers: dict[str, str] | None = None) -> httpx.HTTPStatusError:
    response = httpx.Response(status, headers=headers)
    return httpx.HTTPStatusError("", request=httpx.Request("GET", "http://a"), response=response)


def _invalid() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python("a")
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.RateLimited("slow"), FailureKind.RATE),
        (errors.TransportFailed("gone"), FailureKind.TRANSPORT),
        (errors.Refusal("no"), FailureKind.REFUSAL),
        (errors.BadAnswer("what"), FailureKind.VALIDATION),
        (errors.InvalidValue("what"), FailureKind.VALIDATION),
        (errors.UsageError("what"), FailureKind.BUG),
        (_invalid(), FailureKind.VALIDATION),
        (TimeoutError(), FailureKind.TIMEOUT),
        (ConnectionResetError(), FailureKind.TRANSPORT),
        (socket.gaierror(), FailureKind.TRANSPORT),
        (OSError(errno.EHOSTUNREACH, "no route"), FailureKind.TRANSPORT),
        (FileNotFoundError(), FailureKind.BUG),
        (ValueError(), FailureKind.BUG),
        (StatusError(429), FailureKind.RATE),
        (StatusError(408), FailureKind.TRANSPORT),
        (StatusError(503), FailureKind.TRANSPORT),
        (StatusError(400), FailureKind.BUG),
        (httpx.ConnectError("no"), FailureKind.TRANSPORT),
        (httpx.ReadTimeout("slow"), FailureKind.TIMEOUT),
        (_http_status(502), FailureKind.TRANSPORT),
        (_of_library("openai._exceptions", "APIConnectionError"), FailureKind.TRANSPORT),
        (_of_library("openai._exceptions", "APITimeoutError"), FailureKind.TIMEOUT),
        (_of_library("mine", "APIConnectionError"), FailureKind.BUG),
        (ExceptionGroup("both", [TimeoutError(), TimeoutError()]), FailureKind.TIMEOUT),
        (ExceptionGroup("both", [TimeoutError(), ValueError()]), FailureKind.BUG),
    ],
)
def test_an_exception_has_the_kind_of_its_structure(error: BaseException, kind: FailureKind) -> None:
    assert failure_of(error).kind == kind


def test_an_effect_that_did_not_happen_is_said_so() -> None:
    failure = failure_of(errors.NotDone("nothing sent"))
    assert (failure.kind, failure.not_done) == (FailureKind.TRANSPORT, True)


@pytest.mark.parametrize("error", [errors.Refusal, errors.TransportFailed, errors.RateLimited, errors.AgentError])
def test_any_failure_can_say_that_nothing_was_done(error: type[errors.AgentError]) -> None:
    assert failure_of(error("turned away", not_done=True)).not_done
    assert not failure_of(error("it broke")).not_done


def test_a_wait_that_is_none_is_not_kept() -> None:
    for seconds in (-1.0, float("inf"), float("nan")):
        assert failure_of(errors.RateLimited("slow", retry_after=seconds)).retry_after is None


def test_the_wait_that_was_asked_for_is_kept() -> None:
    assert failure_of(errors.RateLimited("slow", retry_after=7.0)).retry_after == 7.0
    assert failure_of(StatusError(429, {"Retry-After": "3"})).retry_after == 3.0
    assert failure_of(_http_status(429, {"retry-after": "2"})).retry_after == 2.0


def test_type_is_the_qualified_class_name() -> None:
    assert failure_of(ValueError("a")).type == "ValueError"
    assert failure_of(errors.Refusal("a")).type == "podium.errors.Refusal"


def test_a_long_message_is_cut_in_its_middle() -> None:
    message = failure_of(ValueError(f"first {'x' * 5000} last")).message
    assert (len(message), message[:7], message[-6:]) == (2000, "first x", "x last")
    assert "x…x" in message


def test_an_error_that_cannot_be_printed_is_a_failure_all_the_same() -> None:
    assert "__str__ raised RuntimeError" in failure_of(Unprintable()).message


def test_leaving_the_process_reads_as_such() -> None:
    assert failure_of(SystemExit(2)).message == "the agent called sys.exit(2)"
