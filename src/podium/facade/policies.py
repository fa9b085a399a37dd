"""`app.policies`: who may do what, by the rules that are set, and what they would decide about a call."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from podium.agents.schema import mismatch
from podium.dispatch.rules.policy.explaining import Supposed
from podium.dispatch.rules.policy.loading import checked_rows
from podium.dispatch.rules.policy.request import Judge
from podium.errors import InvalidValue, NotAllowed, UsageError
from podium.facade.scope import Parts, Scope
from podium.model.agent import AnyAgent, Card
from podium.model.call import Call
from podium.model.empty import empty
from podium.model.expected import check_options, instance
from podium.model.json import Json, is_object
from podium.model.policy import PolicyDecision

INPUTS = ("input", "request", "run_input", "call_input")
"""What can be said of a call that might happen: see SupposedCall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupposedCall:
    """A call, or a use of a tool, that might happen in a run."""

    agent: str
    principal: str = "local"
    """On whose behalf the run is."""
    tenant: str = "default"
    callers: Sequence[str] = ()
    """The workflows on the way to the agent, the outermost first."""
    tool: str | None = None
    """That the agent uses."""
    said: Mapping[str, Json] = field(default_factory=empty(dict[str, Json]))
    """Those inputs that are known: `input`, of a tool its arguments; `request`, of the run that the user started;
    `run_input`, of the run itself; `call_input`, of a tool that of the agent which uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyExplanation:
    """What would be decided."""

    decisions: Sequence[PolicyDecision]
    """The decision, and after each question what is decided once it is answered with yes."""
    unknown: Sequence[str]
    """Why a run may decide otherwise, a sentence each."""
    trust: int | None
    """How far the agent is trusted, of 100, where a rule looks at that."""


def explain(
    asked: SupposedCall, *, judge: Judge, called: AnyAgent | None, card: Card, cards: Callable[[str], Card | None],
    trust: Callable[[str, str], int],
) -> PolicyExplanation:  # fmt: skip
    """Tell what would happen to a call; `called` is the agent where it is known. Raises UsageError for no such tool."""
    said, tool = dict(asked.said), asked.tool
    misfits = [*_misfits(card, tool, said), *_fill_in(said, "input" if tool is None else "call_input", called)]
    if tool is None and not asked.callers and card.traits.runs_inline and "input" in said:
        said.setdefault("request", said["input"])  # it starts a run
    if "request" in said:
        said.setdefault("run_input", said["request"])
    given = said.get("input" if tool is None else "call_input")
    call = Call(
        run="run", key="0", agent=asked.agent, version=card.version, input=given, tenant=asked.tenant,
        principal=asked.principal, root="run", callers=tuple(asked.callers),
    )  # fmt: skip
    supposed = Supposed(call=call, card=card, tool=tool, arguments=said.get("input"), said=said, cards=cards)
    found = supposed.explained(judge)
    return PolicyExplanation(
        decisions=found.decisions, unknown=[*misfits, *found.unknown],
        trust=trust(asked.agent, card.version) if judge.reads_trust else None,
    )  # fmt: skip


class Policies:
    """Looks at the rules of who may do what. It takes the role of a viewer, an operator or an admin."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def explain(self, asked: SupposedCall, /) -> PolicyExplanation:
        """Tell what the rules that are in force would decide about a call, and why.

        Raises UnknownAgent, UsageError where the agent has no such tool, and NotAllowed for another tenant.
        """
        check_options("policies.explain", {"asked": asked}, _EXPLAINED)
        parts = self._parts("ask what the rules would decide")
        if asked.tenant != self._scope.tenant(asked.tenant):
            raise NotAllowed(f"the rules are asked about the tenant {asked.tenant!r}, which is not the own one.")
        if wrong := sorted(asked.said.keys() - set(INPUTS)):
            raise UsageError(f"{wrong[0]!r} is nothing that a call has; expected {', '.join(INPUTS)}.")
        rules = parts.rules
        called = rules.registry.get(asked.agent)
        await rules.trusts.refresh()
        return explain(
            asked, judge=rules.judge, called=called, card=rules.dispatcher.card(called), cards=rules.card,
            trust=rules.trusts.of,
        )  # fmt: skip

    async def check(self) -> Sequence[Mapping[str, str]]:
        """Return the rules of the file that is set, held against the agents that are registered here, as it is now.

        Raises UsageError where no file is set, and ConfigError, with the place, for a mistake in it.
        """
        parts = self._parts("see the rules")
        if parts.config.policy.file is None:
            raise UsageError("no file of policies is set: name one with [podium.policy] file.")
        outside = [each.delegation.to for each in parts.store.delegations.all()]
        return checked_rows(parts.config.policy, parts.rules.cards(), outside)

    def _parts(self, what: str) -> Parts:
        user = self._scope.principal
        if user is not None and not user.sees_all:
            raise NotAllowed(f"{user.who} may not {what}: it takes the role 'viewer' or 'operator'.")
        return self._scope.parts


_EXPLAINED = {"asked": instance(SupposedCall, 'SupposedCall(agent="clerk")')}


def _fill_in(said: dict[str, Json], name: str, agent: AnyAgent | None) -> Iterator[str]:
    """Put an input as the type of its agent dumps it, with its defaults; tells where it does not fit."""
    if agent is None:
        return
    try:
        said[name] = agent.input.dump(agent.input.load(said.get(name)))
    except InvalidValue as error:
        if name in said:
            yield f"{agent.card.name} does not take that: {error}"


def _misfits(card: Card, tool: str | None, said: Mapping[str, Json]) -> Iterator[str]:
    """Tell where arguments do not fit a tool; raises UsageError where the agent has no such tool."""
    if tool is None:
        return
    about, arguments = card.tools.get(tool), said.get("input")
    if about is None and card.knows_tools and "/" not in tool:
        raise UsageError(f"{card.name} has no tool {tool!r}. Its tools: {', '.join(sorted(card.tools)) or 'none'}.")
    schema = None if about is None else about.schema
    takes_it = is_object(schema) and "arguments" in schema.get("properties", {})
    if is_object(arguments) and arguments.keys() == {"tool", "arguments"} and not takes_it:
        bare = json.dumps(arguments["arguments"], ensure_ascii=False)
        raise UsageError(f"the input of a tool are its arguments themselves: --input '{bare}'.")
    if "input" in said and schema is not None and (wrong := mismatch(arguments, schema)) is not None:
        yield f"{tool} does not take that: {wrong}"
