"""What a run of Pydantic AI waits for from outside, as `RequestInput` does: a question in the inbox."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import NamedTuple

from pydantic import JsonValue
from pydantic_ai.external_events import ExternalEventError, ExternalEventWaiter
from typing_extensions import override

from podium.agents.frameworks.approvals import Grants, ToolQuestion, denial, denial_in
from podium.agents.pydantic_ai.answer_schema import answer_schema
from podium.agents.pydantic_ai.scope import AgentScope, here
from podium.model.consent import Consent
from podium.model.json import Json, is_object
from podium.model.question import Ask


class Handling(NamedTuple):
    """A use of a tool about which the handlers of its agent are asked."""

    shown: Json
    key: str
    call_id: str
    approval: bool
    schema: Json
    """That of its arguments, or, where it is no approval, of its result; None where any fits."""


_handling: ContextVar[Handling | None] = ContextVar("podium_handling", default=None)


@contextmanager
def handling(use: Handling) -> Generator[None]:
    """Say in this task which use of a tool handlers are asked about."""
    token = _handling.set(use)
    try:
        yield
    finally:
        _handling.reset(token)


def handled() -> Handling | None:
    """Return the use of a tool that the handlers of its agent are asked about in this task."""
    return _handling.get()


class InboxWaiter(ExternalEventWaiter):
    """Puts a question into the inbox for each wait; its id is the token with which the answer comes."""

    def __init__(self, scope: AgentScope) -> None:
        self._scope = scope

    @override
    async def wait(
        self, name: str, *, ask: Callable[[str], Awaitable[JsonValue]], timeout: timedelta | None
    ) -> JsonValue:
        """Return the answer, which `ask` may have at once; raises ExternalEventError where none comes in time."""
        scope, about = here() or self._scope, handled()
        question = _question(scope, name, about, timeout)

        async def body(_: Grants) -> Json | ToolQuestion:
            return ToolQuestion(question, lambda said: {"payload": _as_results(said, about)}, announce=ask)

        value = await scope.recording.used(
            f"input/{name}", body, Consent(refused=lambda no: denial(no.reason)),
            key=None if about is None else scope.key(about.key), input=question.subject,
        )  # fmt: skip
        if (late := denial_in(value)) is not None:
            raise ExternalEventError(late)
        return value["payload"]


def _question(scope: AgentScope, name: str, about: Handling | None, timeout: timedelta | None) -> Ask:
    whom, agent = scope.recording.terms.approvals, scope.agent or scope.recording.agent
    within = whom.within if timeout is None else timeout.total_seconds()
    if about is None:
        return Ask(text=f"{agent} waits for {name}.", to=whom.to, within=within)
    text = f"{agent} waits for {name}: {about.shown['tool']}."
    schema = answer_schema(about.call_id, about.schema, approval=about.approval)
    kind = "approval" if about.approval else "question"
    return Ask(text=text, subject=about.shown, schema=schema, to=whom.to, within=within, kind=kind)


def _as_results(said: Json, about: Handling | None) -> Json:
    """Return an answer as DeferredToolResults: an approval, or a result, as the inbox takes them elsewhere too."""
    if about is None or (is_object(said) and ("approvals" in said or "calls" in said)):
        return said
    if not about.approval:
        return {"calls": {about.call_id: said}}
    if not said["approved"]:
        comment = said.get("comment") or "The tool call was denied."
        return {"approvals": {about.call_id: {"kind": "tool-denied", "message": comment}}}
    approved = {"kind": "tool-approved", "override_args": said.get("value")}
    return {"approvals": {about.call_id: approved}}
