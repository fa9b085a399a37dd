"""Allow, deny or ask about calls and tools, as the policies say."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from podium import lazy
from podium.dispatch.dispatcher import Handler, StepHandler
from podium.dispatch.rules.policy.request import Actor, Judge, PolicyRequest, PolicyScope, memory_action
from podium.dispatch.rules.policy.words import AGENT, CALL, MEMORY, READ, TOOL, USE_TOOL, USER, VERBS, WRITE
from podium.errors import Forbidden, Suspended
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json, encode
from podium.model.outcome import Outcome, Pending, Refused
from podium.model.policy import Allowed, Asks, Denied, PolicyDecision
from podium.model.question import Ask, approval_schema
from podium.model.rule_steps import RuleSteps
from podium.model.step import StepCall, is_check, tool_id, tool_of
from podium.model.tool import known_tool

if TYPE_CHECKING:
    from podium.dispatch.rules.policy import attributes
else:
    attributes = lazy.module("podium.dispatch.rules.policy.attributes")

GUARD = "policy"
"""What its notices are called."""

Acting = Callable[[Call], tuple[Actor, tuple[str, ...]]]
"""Returns the user for whom a call is made, and the agents on the way from there; the last one makes the call."""


def acting(call: Call) -> tuple[Actor, tuple[str, ...]]:
    """Return the user of the run, and the workflows on the way; of a compensation, to where it was registered."""
    return (USER, call.principal), (*call.registered_by, *call.callers)


class Policy:
    """The rule for calls and the rule for steps. Agents about which nothing can be decided are left out."""

    def __init__(self, judge: Judge, acting: Acting = acting, *, keeps: bool = True) -> None:
        """Decide as the judge does; `keeps` has compensations run that were allowed when they were registered."""
        self._judge = judge
        self._acting = acting
        self._keeps = keeps

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Have each call of an agent decided; of a memory, by what is asked of it."""
        if not self.decides(card):
            return handler  # nothing to decide, or a part of the code of its caller
        scopes = self._scopes(card)

        async def governed(call: Call, steps: RuleSteps) -> Outcome:
            matter = await self._matter(card, scopes, call, steps)
            match self._decided(matter, steps):
                case Allowed():
                    return await handler(call, steps)
                case Denied(rule, reason):
                    return Refused(rule, reason)
                case Asks() as asks:
                    return Pending(_question(asks, matter, call.input), rule=asks.rule)

        return governed

    def decides(self, card: Card) -> bool:
        """Whether there is anything to decide about calls of an agent."""
        return card.is_named and not all(scope.settled for scope in self._scopes(card))

    async def allows(self, card: Card, call: Call, steps: RuleSteps) -> bool:
        """Whether a call of an agent would be allowed by now without asking anybody."""
        matter = await self._matter(card, self._scopes(card), call, steps)
        return isinstance(self._judge.decide(matter), Allowed)

    async def bars(self, card: Card, call: Call, steps: RuleSteps) -> bool:
        """Whether calls of an agent are denied whatever it is handed; of a memory, both reading and writing."""
        if not self.decides(card):
            return False
        user, agents = self._acting(call)
        for scope in dict.fromkeys(self._scopes(card)):
            of_run = replace(scope, fetches=tuple(each for each in scope.fetches if each not in attributes.OF_CALL))
            matter = PolicyRequest.of_call(card, of_run, call, user, agents)
            if scope.settled or not self._judge.forbids(await attributes.with_fetched(matter, steps)):
                return False
        return True

    def _scopes(self, card: Card) -> tuple[PolicyScope, PolicyScope]:
        """Return what is decided about calls of an agent that read, and about those that write or do anything else."""
        if not card.traits.is_memory:
            scope = self._judge.scope(card, CALL, AGENT, card.name)
            return scope, scope
        read, write = (self._judge.scope(card, action, MEMORY, card.name) for action in (READ, WRITE))
        return read, write

    async def _matter(
        self, card: Card, scopes: tuple[PolicyScope, PolicyScope], call: Call, steps: RuleSteps
    ) -> PolicyRequest:
        read, write = scopes
        scope = write if read is write or memory_action(call.input) == WRITE else read
        user, agents = self._acting(call)
        return await attributes.with_fetched(PolicyRequest.of_call(card, scope, call, user, agents), steps)

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Have each use of a tool decided. The agent that uses it is on the way too."""
        if card.traits.exists_for_one_call or self._judge.scope(card, USE_TOOL, TOOL, None).settled:
            return handler

        @cache
        def scope_of(tool: str) -> PolicyScope:
            return self._judge.scope(card, USE_TOOL, TOOL, tool_id(card.name, tool))

        async def governed(step: StepCall, steps: RuleSteps) -> Json:
            if (tool := tool_of(step.name)) is None or (scope := scope_of(tool)).settled:
                return await handler(step, steps)
            user, agents = self._acting(step.call)
            matter = PolicyRequest.of_tool(
                card, scope, step.call, user, agents, tool=known_tool(card.tools, tool, step.edit), sent=step.input,
                granted=step.granted,
            )  # fmt: skip
            match self._decided(await attributes.with_fetched(matter, steps), steps, step.asked):
                case Allowed():
                    return await handler(step, steps)
                case Denied(rule, reason):
                    raise Forbidden(rule, reason)
                case Asks() if is_check(step.path):
                    return await handler(step, steps)  # the use itself is asked about
                case Asks() as asks:
                    raise Suspended(_question(asks, matter, step.input, step.edit), step.path, asks.rule)

        return governed

    def _decided(self, matter: PolicyRequest, steps: RuleSteps, asked: Collection[str] = ()) -> PolicyDecision:
        """Decide, and record whatever is more than that everything is allowed, or that a question is open."""
        decision = self._judge.decide(matter)
        if self._keeps and matter.allowed_before and not isinstance(decision, Allowed):
            steps.note(GUARD, {**_told(matter, decision), "decision": "allow", "reason": _before(decision)})
            return Allowed(decision.rule)
        known = isinstance(decision, Asks) and decision.rule in asked
        if decision.rule is not None and not known:
            steps.note(GUARD, _told(matter, decision))
        return decision


def _told(matter: PolicyRequest, decision: PolicyDecision) -> dict[str, Json]:
    match decision:
        case Allowed(rule):
            word = "approved" if rule in matter.granted else "allow"
        case Denied():
            word = "deny"
        case Asks():
            word = "ask"
    scope = matter.scope
    told: dict[str, Json] = {"rule": decision.rule, "decision": word, "action": scope.action, "resource": scope.id}
    if isinstance(decision, Denied):
        told["reason"] = decision.reason
    return told | {"user": matter.user[1], "agents": list(matter.agents), "digest": _seen(matter)}


def _seen(matter: PolicyRequest) -> str:
    """Return the digest of what a policy sees of a call beside who makes it."""
    return sha256(encode({"input": matter.input, "fetched": dict(matter.fetched)})).hexdigest()


def _before(no: Denied | Asks) -> str:
    """Return why what is not allowed now is done all the same."""
    now = no.reason if isinstance(no, Denied) else f"{no.rule} asks {no.to}"
    return f"it was allowed when it was registered as a compensation; now: {now}"


def _question(asks: Asks, matter: PolicyRequest, subject: Json, edit: Json = None) -> Ask:
    scope, who = matter.scope, matter.agents[-1] if matter.agents else matter.user[1]
    text = f"May {who} {VERBS[scope.action]} {scope.id}? {asks.rule} asks{f': {asks.reason}' if asks.reason else ''}."
    return Ask(
        text=text, subject=subject, schema=approval_schema(edit=edit), to=asks.to, within=asks.within,
        kind="permission",
    )  # fmt: skip
