"""The page of a one-time link: looking at it changes nothing, sending its form answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from podium.errors import AlreadyAnswered, InvalidValue, NotAllowed, TokenRefused, UnknownQuestion
from podium.facade.linked import LinkedQuestion
from podium.model.principal import Principal
from podium.operations.links import PATH
from podium.server.access.rights import permit
from podium.server.callers import app_of
from podium.server.pages.answers import said, ways_of
from podium.server.pages.reading import SentForm
from podium.server.pages.view import page_view, standing
from podium.server.rendering import html
from podium.server.routing import Routes

router = Routes(prefix="", include_in_schema=False)
_NOT_TAKEN = "What you sent now was not taken. "
_MOST_BYTES = 1024 * 1024
_MOST_FIELDS = 2_000


@router.route(["GET", "HEAD"], f"{PATH}{{token}}")
async def show_question(token: str, request: Request) -> Response:
    """Show the question of a link. Nothing changes, however often it is asked for: scanners of mail do that."""
    return await _page(request, token)


@router.post(f"{PATH}{{token}}")
async def answer_question(token: str, request: Request) -> Response:
    """Answer the question of a link, as the person whom it is for."""
    sent = await _sent(request)
    if sent is None:
        return _message("Too much", "What was sent is too long: a form may have a megabyte.", 413)
    found = await _linked(request, token, lost=_NOT_TAKEN)
    if isinstance(found, Response):
        return found
    ways = ways_of(found.question)
    answer = said(found.question, ways, sent)
    if answer is None:
        return await _shown(found, 422, ways=ways, notice="This was not sent yet: something does not fit.")
    try:
        await found.answer(answer.value)
    except (AlreadyAnswered, TokenRefused, UnknownQuestion):
        again = await _linked(request, token, lost=_NOT_TAKEN)
        if isinstance(again, Response):
            return again
        why = "you have answered before." if again.has_answered else "it came too late."
        return await _shown(again, 409, notice=f"{_NOT_TAKEN[:-2]}: {why}")
    except InvalidValue as error:
        return await _shown(found, 422, ways=ways, notice=f"This was not sent yet: {error}.")
    return RedirectResponse(request.url.path, 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})


async def _page(request: Request, token: str) -> Response:
    found = await _linked(request, token)
    return found if isinstance(found, Response) else await _shown(found, 200)


async def _linked(request: Request, token: str, *, lost: str = "") -> LinkedQuestion | Response:
    """Return what a link leads to, or the page that says why it leads nowhere, and what was lost of what was sent."""
    app = app_of(request)
    try:
        found = await app.inbox.linked(token)
        person = Principal(who=found.link.person, tenant=found.question.tenant)
        permit(request, app.scoped(person), question=found.question.id)
    except NotAllowed as error:
        return _message("This is not allowed", f"{lost}{error}", 403)
    except UnknownQuestion:
        return _message("This question is gone", f"{lost}The run that asked was deleted.", 410)
    except TokenRefused:
        return _message(
            "This link leads nowhere",
            f"{lost}It is not complete, or was made by another installation. Open it from the message again; where it "
            "was broken into two lines, copy both. Else ask whoever sent it for a new one.", 404,
        )  # fmt: skip
    if found.expired:
        over = standing(found) or "Ask whoever sent it for a new one: the question is still open."
        return _message("This link is no longer valid", f"{lost}Its time is over. {over}", 410)
    return found


async def _shown(found: LinkedQuestion, status: int, **what: Any) -> HTMLResponse:
    try:
        context = await found.context()
    except UnknownQuestion:
        return _message("This question is gone", "The run that asked was deleted.", 410)
    return html("question.html", status, view=page_view(found, context, **what))


def _message(title: str, text: str, status: int) -> HTMLResponse:
    return html("message.html", status, title=title, text=text)


async def _sent(request: Request) -> SentForm | None:
    """Return what a form sent, by field; None where that is too much."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return None
    try:
        found: Mapping[str, list[str]] = parse_qs(
            bytes(body).decode("ascii", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    return found
