"""What rules can read as `context.…`: a table that says the type of each, who gives it, and whether it varies.

Whoever adds an attribute adds a row. One that only the run knows is fetched from it, and only where a rule reads it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from podium.dispatch.rules.policy.origins import fetch_origins, told_origins
from podium.dispatch.rules.policy.request import PolicyRequest
from podium.dispatch.rules.policy.values import cedar_value, reference
from podium.dispatch.rules.policy.words import ALL, ANY, IN_ENTITIES, RUN, TENANT, whole
from podium.model.json import Json, is_object
from podium.model.rule_steps import RuleSteps

GiveAttribute = Callable[[PolicyRequest, float], Json]
"""Returns an attribute as Cedar takes it, by what is asked and the time; None leaves it out."""

FetchAttribute = Callable[[PolicyRequest, RuleSteps], Awaitable[Json]]
"""Returns, as JSON, what only the run knows; it is handed to `give` in `PolicyRequest.fetched`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextAttribute:
    """One attribute of the context."""

    type: str
    """As the reference says it."""
    give: GiveAttribute
    varies: bool = False
    """It differs between two calls of the same agent by the same principals: such a decision is never kept."""
    fetch: FetchAttribute | None = None
    """Asks the run for it, before it is decided; None where the request says it."""


def value_of(name: str, value: Json, reads: frozenset[str]) -> Json:
    """Return an attribute that is a value as Cedar takes it, with the members that rules look at: it may be large."""
    if is_object(value) and whole(name) not in reads:
        value = {member: each for member, each in value.items() if member in reads}
    return None if value is None else cedar_value(value)


def _input(matter: PolicyRequest, _: float) -> Json:
    return value_of("input", matter.judged, matter.scope.reads)


def _nothing(_: PolicyRequest, __: float) -> Json:
    return None  # conditions on values of lists are taken out of their rules, and judged by themselves


def _call_input(matter: PolicyRequest, _: float) -> Json:
    return None if matter.tool is None else value_of("call_input", matter.call.input, matter.scope.reads)


def _fetched(name: str) -> GiveAttribute:
    return lambda matter, _: value_of(name, matter.fetched.get(name), matter.scope.reads)


async def _run_input(_: PolicyRequest, steps: RuleSteps) -> Json:
    return steps.run_input


async def _request(_: PolicyRequest, steps: RuleSteps) -> Json:
    return await steps.request()


def _now(_: PolicyRequest, now: float) -> Json:
    return {"__extn": {"fn": "datetime", "arg": f"{datetime.fromtimestamp(now, tz=UTC):%Y-%m-%dT%H:%M:%SZ}"}}


def _arguments(name: str, type: str) -> ContextAttribute:
    """Return an attribute that is the set of the arguments of whose origin something holds."""

    def give(matter: PolicyRequest, _: float) -> Json:
        return [argument for argument, origin in told_origins(matter.fetched.get(name)).items() if origin[name]]

    return ContextAttribute(type=type, give=give, varies=True, fetch=fetch_origins)


def _sources(matter: PolicyRequest, _: float) -> Json:
    return cedar_value({name: each["sources"] for name, each in told_origins(matter.fetched.get("sources")).items()})


CONTEXT: Mapping[str, ContextAttribute] = {
    "input": ContextAttribute(type="of the agent or tool; of a tool its arguments", give=_input, varies=True),
    ALL: ContextAttribute(type="of a list of the input: of all its values", give=_nothing, varies=True),
    ANY: ContextAttribute(type="of a list of the input: of any of its values", give=_nothing, varies=True),
    "call_input": ContextAttribute(
        type="of a tool: the input of the agent that uses it", give=_call_input, varies=True
    ),
    "run_input": ContextAttribute(
        type="the input of the run", give=_fetched("run_input"), varies=True, fetch=_run_input
    ),
    "request": ContextAttribute(
        type="the input of the run that all began with", give=_fetched("request"), varies=True, fetch=_request
    ),
    "user": ContextAttribute(type="User", give=lambda matter, _: reference(*matter.user)),
    "tenant": ContextAttribute(type="Tenant", give=lambda matter, _: reference(TENANT, matter.call.tenant)),
    "roles": ContextAttribute(
        type="set of text: of whoever asks the server; of other actions none",
        give=lambda matter, _: [*matter.roles],
        varies=True,
    ),
    "caller": ContextAttribute(type="text", give=lambda matter, _: matter.agents[-1] if matter.agents else ""),
    "callers": ContextAttribute(type="set of text", give=lambda matter, _: list(matter.agents)),
    "depth": ContextAttribute(type="long", give=lambda matter, _: len(matter.agents)),
    "run": ContextAttribute(type="text", give=lambda matter, _: matter.call.run, varies=True),
    "root": ContextAttribute(type="text", give=lambda matter, _: matter.call.root, varies=True),
    "attempt": ContextAttribute(type="long", give=lambda matter, _: matter.call.attempt, varies=True),
    "priority": ContextAttribute(type="long", give=lambda matter, _: matter.call.priority, varies=True),
    "now": ContextAttribute(type="datetime", give=_now, varies=True),
    "from_request": _arguments("from_request", "set of text: the arguments that stand in the request"),
    "from_trusted": _arguments("from_trusted", "set of text: those that stand there, or in what a trusted source gave"),
    "untrusted": _arguments("untrusted", "set of text: those of which something stands in what outsiders write"),
    "own": _arguments("own", "set of text: those of which nobody gave something"),
    "sources": ContextAttribute(
        type="record: by argument the set of the tools and agents that gave something of it",
        give=_sources,
        varies=True,
        fetch=fetch_origins,
    ),
}
"""By name."""

VALUES = ("input", "call_input", "run_input", "request")
"""Those that are values of any form."""


VARIES = IN_ENTITIES | {name for name, each in CONTEXT.items() if each.varies}
"""What differs between two calls of the same agent by the same principals."""


_OF_RUN = frozenset({"run", "root", "priority", "run_input", "request", RUN})
OF_CALL = VARIES - _OF_RUN
"""What differs between two calls of the same agent by the same principals in one run."""


def context_of(matter: PolicyRequest, now: float) -> Mapping[str, Json]:
    """Return what rules read of the context; raises InvalidValue where the input is too large to be looked at."""
    given = {name: CONTEXT[name].give(matter, now) for name in CONTEXT if name in matter.scope.reads}
    return {name: value for name, value in given.items() if value is not None}


def to_fetch(reads: frozenset[str]) -> tuple[str, ...]:
    """Return what has to be asked of the run before rules that read these can decide."""
    return tuple(name for name, each in CONTEXT.items() if each.fetch is not None and name in reads)


async def with_fetched(matter: PolicyRequest, steps: RuleSteps) -> PolicyRequest:
    """Return a request with what the rules read of the run."""
    if not matter.scope.fetches:
        return matter
    asked = dict.fromkeys(fetch for name in matter.scope.fetches if (fetch := CONTEXT[name].fetch) is not None)
    said = {fetch: await fetch(matter, steps) for fetch in asked}
    found = {name: said[fetch] for name in matter.scope.fetches if (fetch := CONTEXT[name].fetch) is not None}
    return replace(matter, fetched=found)
