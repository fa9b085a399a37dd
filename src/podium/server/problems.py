"""How errors are answered: each as a problem that says what was expected and what to do next."""

import logging
import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium import errors
from podium.api.problems import FieldError, ProblemBody
from podium.errors import PodiumError
from podium.model.ids import RandomIds
from podium.secrets.masking import MASKING
from podium.server.addresses import PREFIX, route_of
from podium.server.answers import MaskedJson
from podium.server.rendering import html

_LOG = logging.getLogger("podium.server")
_IDS = RandomIds()
_TYPE = "urn:podium:error:"
_MEDIA = "application/problem+json"
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json")
_DOCUMENT = f"{PREFIX}/openapi.json"
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_AGAIN = 2
"""Seconds after which a store that is away may be back."""

FAULT, _AWAY = 500, 503
STATUSES: Mapping[type[PodiumError], int] = {
    errors.NotSignedIn: 401,
    errors.TokenRefused: 401,
    errors.NotAllowed: 403,
    errors.TooManyRequests: 429,
    errors.UnknownAgent: 404,
    errors.UnknownConversation: 404,
    errors.UnknownQuestion: 404,
    errors.UnknownRun: 404,
    errors.UnknownWebhook: 404,
    errors.AlreadyAnswered: 409,
    errors.NotPossible: 409,
    errors.InvalidValue: 422,
    errors.PatternError: 422,
    errors.UsageError: 422,
    errors.StoreError: 503,
    errors.ProviderAway: 503,
    errors.WorkerFailed: 503,
    errors.RunError: 409,
    PodiumError: FAULT,
}
"""The status of each sort of error; one that is not named has that of the nearest above it."""

_TITLES = {
    400: "The request cannot be read",
    401: "Sign in",
    403: "Not allowed",
    404: "There is no such thing",
    405: "Not a method of this address",
    409: "Not possible as things stand",
    413: "The body is too large",
    414: "The address is too long",
    415: "Not a form that is understood",
    422: "A value does not fit",
    429: "Too many requests",
    431: "The header is too large",
    500: "A fault of the server",
    503: "Not to be reached at present",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the document says of these statuses, beside those that every route may answer."""
    content = {_MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": _TITLES[status], "content": content} for status in statuses}


EVERYWHERE = responses(400, 401, 403, 413, 415, 422, 429, 431, 500, 503)
"""What every route may answer."""


def status_of(error: PodiumError) -> int:
    """Return the status with which an error is answered."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem_of(error: PodiumError) -> ProblemBody:
    """Return an error as a problem, for where it is no answer of its own."""
    status = status_of(error)
    return ProblemBody(
        type=f"{_TYPE}{error.code}", title=_TITLES[status], status=status, detail=MASKING.text(str(error)),
        code=error.code, errors=[],
    )  # fmt: skip


def problem(
    status: int, detail: str, *, code: str, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a problem as it is answered."""
    body = ProblemBody(
        type=f"{_TYPE}{code}", title=_TITLES.get(status, "Not done"), status=status, detail=detail, code=code,
        errors=list(errors),
    )  # fmt: skip
    return MaskedJson(body.model_dump(), status, dict(headers or {}), media_type=_MEDIA)


def answer_errors(server: FastAPI) -> None:
    """Have a server answer every error as a problem."""
    server.add_exception_handler(PodiumError, _podium)
    server.add_exception_handler(RequestValidationError, _unfit)
    server.add_exception_handler(HTTPException, _http)
    server.add_exception_handler(Exception, _fault)


def _answer(
    request: Request, status: int, detail: str, *, code: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a problem; a browser that asks for a page, beside the API, is answered with one."""
    is_page = not request.url.path.startswith(f"{PREFIX}/") and "text/html" in request.headers.get("accept", "")
    if not is_page:
        return problem(status, detail, code=code, headers=headers)
    told = MASKING.text(f"{detail[:1].upper()}{detail[1:]}")
    page = html("message.html", status, title=_TITLES.get(status, "Not done"), text=told)
    page.headers.update(headers or {})
    return page


async def _podium(request: Request, error: Exception) -> Response:
    assert isinstance(error, PodiumError)
    status = status_of(error)
    headers = {_AWAY: {"Retry-After": str(_AGAIN)}, 401: {"WWW-Authenticate": "Bearer"}}.get(status)
    if isinstance(error, errors.TooManyRequests):
        headers = {"Retry-After": str(max(1, ceil(error.retry_after)))}
    told = str(error)
    if status == FAULT:
        told = f"{told.rstrip('.')}. The log says more, under {_logged(request.scope, error)}."
    elif status == _AWAY:
        _LOG.warning("%s %s was refused: %s", request.method, route_of(request.scope), error)
    return _answer(request, status, told, code=error.code, headers=headers)


async def _unfit(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(each["loc"] == ("body",) for each in error.errors()) and await request.body() and not _JSON.fullmatch(kind):
        named = f"is sent as {kind!r:.100}" if kind else "says nothing of its form"
        return problem(415, f"the body {named}: send JSON, and `Content-Type: application/json`.", code="malformed")
    found = [FieldError(where=list(each["loc"]), what=each["msg"]) for each in error.errors()]
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return problem(400, "the body is no JSON: send a JSON value.", code="malformed", errors=found)
    told = "; ".join(f"{'.'.join(map(str, each.where))}: {each.what}" for each in found)
    return problem(422, told, code="invalid-value", errors=found)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 400:
            told = (
                "the body cannot be read: send JSON in UTF-8, nested less than 1,000 deep, with numbers of usual size."
            )
            return problem(400, told, code="malformed")
        case 404:
            told = f"there is nothing at this address: {_DOCUMENT} has all that there is. None ends in a slash."
            return _answer(request, 404, told, code="http")
        case 405:
            allowed = sorted(_methods(request))
            told = f"{request.method:.20} is no method of this address: expected {' or '.join(allowed)}."
            return _answer(request, 405, told, code="http", headers={"Allow": ", ".join(allowed)})
        case _:
            return _answer(request, error.status_code, str(error.detail), code="http", headers=error.headers)


def _methods(request: Request) -> set[str]:
    """Return the methods of all routes at an address: what is raised knows of the first."""
    asked = ((method, {**request.scope, "method": method}) for method in _METHODS)
    return {
        method for method, scope in asked if any(each.matches(scope)[0] is Match.FULL for each in request.app.routes)
    }


async def _fault(request: Request, error: Exception) -> JSONResponse:
    return _fault_problem(request.scope, error)


def _fault_problem(scope: Scope, error: Exception) -> JSONResponse:
    return problem(FAULT, f"the server failed; its log says why, under {_logged(scope, error)}.", code="fault")


def _logged(scope: Scope, error: Exception) -> str:
    """Log an error, and return the id under which it stands there."""
    known = _IDS.new("fault")
    _LOG.error("%s %s failed, as %s", scope["method"], route_of(scope), known, exc_info=error)
    return known


class AnswerFaults:
    """Answers what fails inside as any other error, within all that answers are held to; the connection stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # the boundary: whatever fails inside is a fault, and is answered as one
            if begun or scope["type"] != "http":
                raise
            await _fault_problem(scope, error)(scope, receive, send)
