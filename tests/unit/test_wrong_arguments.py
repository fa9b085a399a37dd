"""Every argument of what people call is checked: one that takes anything, or ends in a raw error, fails here."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import App, Context, agent, human, minutes, process, run_sync, seconds, workflow
from podium.agents.http import http
from podium.agents.pydantic_ai import llm_agent
from podium.errors import RunFailed, UsageError
from podium.guards import guard, patterns, pii, schema, screen_by, size

Arguments = tuple[tuple[object, ...], dict[str, object]]


@agent
async def fine(x: int) -> int:
    return x


@workflow
async def flow(ctx: Context, x: int) -> int:
    return x


MADE: dict[Callable[..., object], Arguments] = {
    guard: ((len,), {}),
    http: (("https://example.org",), {"name": "get"}),
    human: (("boss",), {"text": "Fine?", "answer": str}),
    llm_agent: (("clerk",), {"model": "test", "instructions": "Pay."}),
    minutes: ((1,), {}),
    patterns: ((), {"deny": ["x"]}),
    pii: ((), {}),
    process: ((["ls"],), {"name": "ls"}),
    schema: (({"type": "string"},), {}),
    screen_by: ((fine,), {}),
    seconds: ((1,), {}),
    size: ((5,), {}),
    workflow: ((), {}),
}
"""What makes something at once, and how it is called rightly."""

ASKED: dict[str, Arguments] = {
    "ask": (("Fine?",), {"within": 1, "default": None}),
    "call": ((fine, 1), {}),
    "changed": (("new",), {}),
    "child_result": (("run.0", flow), {}),
    "find": (("sums",), {}),
    "gather": ((), {}),
    "map": ((fine, [1]), {}),
    "on_undo": ((fine, 1), {}),
    "once": (("one", int), {}),
    "race": ((), {}),
    "records": (("fine",), {}),
    "signal": (("go",), {"within": 1}),
    "sleep": ((0,), {}),
    "spawn": ((flow, 1), {}),
}
"""What a workflow asks its context for."""

OF_AN_APP: dict[str, Arguments] = {
    "handle": (("run_1",), {}),
    "start": ((flow, 1), {}),
    "inbox.answer": (("q_1", "yes"), {}),
    "inbox.away": (("ada", None), {}),
    "inbox.comment": (("q_1", "Mind you."), {}),
    "inbox.context": (("q_1",), {}),
    "inbox.discussion": (("q_1",), {}),
    "inbox.get": (("q_1",), {}),
    "inbox.link": (("q_1",), {"for_": "ann"}),
    "inbox.list": ((), {}),
    "inbox.reassign": (("q_1",), {}),
    "agents.get": (("fine",), {}),
    "agents.graph": (("flow",), {}),
    "agents.limits": ((), {}),
    "agents.list": ((), {}),
    "delegations.all": ((), {}),
    "delegations.list": ((), {}),
    "delegations.revoke": (("dlg_1",), {}),
    "keys.create": (("ci",), {"who": "bot"}),
    "keys.list": ((), {}),
    "keys.revoke": (("key_1",), {}),
    "keys.end_sessions": (("ann",), {}),
    "keys.sessions": ((), {}),
    "keys.rotate": (("key_1",), {}),
    "operations.backup": (("copy.db",), {}),
    "operations.discard": (("run_1",), {"why": "old"}),
    "operations.fork": (("run_1", "0"), {}),
    "operations.prune": (("1d",), {"why": "old"}),
    "operations.redact": (("run_1",), {"why": "old"}),
    "operations.repin": (("run_1", "2"), {}),
    "operations.requeue": (("run_1",), {}),
    "operations.retain": (("1d",), {"why": "old"}),
    "operations.retry": (("run_1",), {}),
    "reports.dead_letter": (("run_1",), {}),
    "reports.incident": (("run_1",), {}),
    "reports.trust": (("fine",), {}),
    "reports.verify": (("run_1",), {}),
    "runs.call": (("run_1", "0"), {}),
    "runs.facts": (("run_1",), {}),
    "runs.get": (("run_1",), {}),
    "runs.tree": (("run_1",), {}),
    "webhooks.change": (("hook_1",), {}),
    "webhooks.create": (("shop", "https://shop.example.org/"), {}),
    "webhooks.delete": (("hook_1",), {}),
    "webhooks.deliveries": (("hook_1",), {}),
    "webhooks.delivery": (("hook_1", "hook_1-1"), {}),
    "webhooks.get": (("hook_1",), {}),
    "webhooks.ping": (("hook_1",), {}),
    "webhooks.redeliver": (("hook_1", "hook_1-1"), {}),
    "webhooks.rotate": (("hook_1",), {}),
}
"""What an app is asked for."""

ANY_VALUE = {
    "ask.answer", "ask.subject", "ask.default", "signal.type", "signal.default", "once.gives", "http.input",
    "http.output", "human.answer", "llm_agent.input", "llm_agent.output", "schema.wanted", "operations.fork.input",
    "inbox.answer.value",
    "operations.requeue.runs",  # tells of each
}  # fmt: skip
"""Places that take a value or a type, which are checked by what they are for."""


def places(name: str, function: Callable[..., object], given: Arguments) -> list[tuple[str, Arguments]]:
    """Return each argument of a function, and how it is called with something else there."""
    found: list[tuple[str, Arguments]] = []
    args, options = given
    parameters = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    for place, each in enumerate(parameters):
        if each.kind is each.VAR_KEYWORD or f"{name}.{each.name}" in ANY_VALUE:
            continue
        if each.kind is each.VAR_POSITIONAL:
            wrong: Arguments = ((*args, object()), options)
        elif place < len(args):
            wrong = ((*args[:place], object(), *args[place + 1 :]), options)
        elif each.kind is each.POSITIONAL_ONLY:
            wrong = ((*args, object()), options)
        else:
            wrong = (args, {**options, each.name: object()})
        found.append((f"{name}({each.name})", wrong))
    return found


def member(part: Any, path: str) -> Any:
    for name in path.split("."):
        part = getattr(part, name)
    return part


def told(work: Callable[[], object]) -> None:
    with pytest.raises((UsageError, RunFailed)) as caught:
        work()
    error = caught.value
    assert isinstance(error, UsageError) or ": UsageError: " in str(error) or "Error: " not in str(error), error


def in_a_workflow(ask: Callable[[Context], Awaitable[object]]) -> object:
    @workflow(name="mistaken")
    async def mistaken(ctx: Context) -> None:
        await ask(ctx)

    async def main() -> None:
        async with App.open(":memory:", agents=[flow]) as app:
            await app.run(mistaken)

    return run_sync(main())


def in_an_app(path: str, args: tuple[object, ...], options: dict[str, object]) -> object:
    async def main() -> None:
        async with App.open(":memory:", agents=[flow]) as app:
            await member(app, path)(*args, **options)

    return run_sync(main())


def cases(names: dict[str, tuple[Callable[..., object], Arguments]]) -> list[Any]:
    return [
        pytest.param(name, *wrong, id=what)
        for name, (function, given) in names.items()
        for what, wrong in places(name, function, given)
    ]


@pytest.mark.parametrize(
    ("name", "args", "options"), cases({each.__name__: (each, given) for each, given in MADE.items()})
)
def test_what_no_argument_takes_is_told(name: str, args: tuple[object, ...], options: dict[str, object]) -> None:
    function = next(each for each in MADE if each.__name__ == name)

    def made() -> None:
        decorator: Any = function(*args, **options)
        if name == "workflow":
            decorator(plain)

    told(made)


async def plain(ctx: Context) -> None: ...


@pytest.mark.parametrize(
    ("name", "args", "options"), cases({name: (getattr(Context, name), given) for name, given in ASKED.items()})
)
def test_what_a_context_cannot_be_asked_for_is_told(
    name: str, args: tuple[object, ...], options: dict[str, object]
) -> None:
    told(lambda: in_a_workflow(lambda ctx: getattr(ctx, name)(*args, **options)))


def of_an_app() -> dict[str, tuple[Callable[..., object], Arguments]]:
    found: dict[str, tuple[Callable[..., object], Arguments]] = {}

    async def main() -> None:
        async with App.open(":memory:") as app:
            for path, given in OF_AN_APP.items():
                found[path] = member(app, path), given

    run_sync(main())
    return found


@pytest.mark.parametrize(("name", "args", "options"), cases(of_an_app()))
def test_what_an_app_cannot_be_asked_for_is_told(
    name: str, args: tuple[object, ...], options: dict[str, object]
) -> None:
    told(lambda: in_an_app(name, args, options))
