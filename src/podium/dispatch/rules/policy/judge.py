"""The judge of a project with policies: decides by the rules of its file."""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TypeVar

from cedarpy import Entities

from podium.dispatch.rules.policy.attributes import OF_CALL, VARIES, context_of, to_fetch
from podium.dispatch.rules.policy.cedar import CedarRules, Opinion, Rule
from podium.dispatch.rules.policy.entities import EntityBuilder, in_context, requests
from podium.dispatch.rules.policy.request import Actor, PolicyRequest, PolicyScope
from podium.dispatch.rules.policy.words import IN_ENTITIES, PRINCIPAL, VERBS
from podium.errors import InvalidValue
from podium.model.agent import Card
from podium.model.clock import Clock
from podium.model.policy import PREFIX, Allowed, Asks, Denied, PolicyDecision

T = TypeVar("T")

Formed = tuple[list[Opinion], PolicyDecision | None]

_MOST_KEPT = 10_000
"""The number of decisions kept; then the cache starts again."""

_UNREADABLE = f"{PREFIX}unreadable"
_DEFAULT = f"{PREFIX}default"
_HINT = "a rule that forbids, and cannot be evaluated, forbids: test with `has` what it reads"


class CedarJudge:
    """Decides by the rules of a file."""

    def __init__(self, rules: CedarRules, cast: EntityBuilder, clock: Clock) -> None:
        self.reads_trust = any("trust" in rule.reads for rule in rules.rules.values())
        self._rules = rules
        self._cast = cast
        self._clock = clock
        self._formed: dict[object, Formed] = {}
        self._present: dict[object, Entities] = {}

    def scope(self, card: Card, action: str, kind: str, id: str | None) -> PolicyScope:
        """Return what can matter for an action on a resource of an agent; without an id, on any of that kind."""
        about = self._rules.about(action, kind, id, dangerous=card.dangerous)
        reads = frozenset[str]().union(*(rule.reads for rule in about))
        settled = bool(about) and all(rule.plain and rule.effect == "permit" for rule in about)
        asks = any(rule.ask is not None and rule.effect == "forbid" for rule in about)
        lasting = reads.isdisjoint(VARIES)
        return PolicyScope(
            action,
            kind,
            id or "",
            settled=settled,
            lasting=lasting,
            asks=asks,
            reads=reads,
            fetches=to_fetch(reads),
            lists=frozenset[str]().union(*(rule.lists for rule in about)),
        )

    def forget(self) -> None:
        """Forget all decisions: agents were registered."""
        self._formed.clear()
        self._present.clear()

    def decide(self, matter: PolicyRequest) -> PolicyDecision:
        """Decide: a rule that forbids goes first, then one that asks; everybody on the way must be permitted."""
        if matter.scope.lasting:
            opinions, settled = _kept(self._formed, matter, self._form)
            return self._judged(matter, opinions) if settled is None else settled
        try:
            opinions = self._asked(matter)
        except InvalidValue as error:
            return Denied(_UNREADABLE, str(error))
        return self._judged(matter, opinions)

    def forbids(self, matter: PolicyRequest) -> bool:
        """Whether it denies a call of a run by rules that look at nothing that differs from call to call.

        Others are left out: a rule that forbids by the input may let it pass, one that permits by it may permit.
        """
        scope = matter.scope
        about = self._rules.about(scope.action, scope.kind, scope.id, dangerous=matter.card.dangerous)
        open_ = any(rule.effect == "permit" and not _is_certain(rule) for rule in about)
        try:
            return any(_is_barred(each, open_=open_) for each in self._asked(matter))
        except InvalidValue:
            return False

    def _judged(self, matter: PolicyRequest, opinions: Sequence[Opinion]) -> PolicyDecision:
        for principal, opinion in zip(_principals(matter), opinions, strict=True):
            if (denied := self._denied(matter.scope, principal, opinion)) is not None:
                return denied
        asking = [rule for opinion in opinions for rule in _asking(opinion)]
        for rule in asking:
            if f"{PREFIX}{rule.id}" not in matter.granted:
                return Asks(f"{PREFIX}{rule.id}", rule.ask or "", rule.reason, rule.within)
        named = asking or [each.by[0] for each in opinions if not any(rule.plain for rule in each.by)]
        return Allowed(f"{PREFIX}{named[0].id}" if named else None)

    def _form(self, matter: PolicyRequest) -> Formed:
        """Return what the rules say, and the decision where no approval of a person can change it."""
        opinions = self._asked(matter)
        decision = self._judged(matter, opinions)
        open_ = not isinstance(decision, Denied) and any(_asking(each) for each in opinions)
        return opinions, None if open_ else decision

    def _asked(self, matter: PolicyRequest) -> list[Opinion]:
        scope = matter.scope
        context = context_of(matter, self._clock.now())
        changing = not scope.reads.isdisjoint(IN_ENTITIES)
        entities = self._cast.entities(matter) if changing else _kept(self._present, matter, self._cast.entities)
        told = requests(matter, _principals(matter))
        lists = self._rules.lists(scope.lists, matter.judged, told, context, entities) if scope.lists else None
        return self._rules.ask(in_context(told, context, lists), entities, asking=scope.asks)

    def _denied(self, scope: PolicyScope, principal: Actor, opinion: Opinion) -> Denied | None:
        """Return why a principal may not, unless nothing but a person's word is missing."""
        what = f'{principal[0]}::"{principal[1]}" may not {VERBS[scope.action]} {scope.kind}::"{scope.id}"'
        for rule, why in opinion.broken:
            if rule is None:
                return Denied(_UNREADABLE, f"{what}: it cannot be judged: {why}")
            if rule.effect == "forbid":
                return Denied(f"{PREFIX}{rule.id}", f"{what}: {self._at(rule)} cannot be evaluated: {why} ({_HINT})")
        if opinion.allows:
            return None
        if opinion.by:
            rule = opinion.by[0]
            because = f": {rule.reason}" if rule.reason else ""
            return Denied(f"{PREFIX}{rule.id}", f"{what}: {self._at(rule)} forbids it{because}")
        broken = "".join(f"; {self._at(rule)} cannot be evaluated: {why}" for rule, why in opinion.broken if rule)
        return Denied(_DEFAULT, f"{what}: no rule of {self._file} permits it{broken}")

    @property
    def _file(self) -> str:
        """The file of the rules, as those who are denied something are told it: where it is, is nothing to them."""
        return PurePath(self._rules.name).name

    def _at(self, rule: Rule) -> str:
        return "the built-in rule" if rule.built_in else f"{self._file}, line {rule.line},"


def _is_certain(rule: Rule) -> bool:
    """Whether a rule says the same to all calls of an agent by the same principals in one run."""
    return rule.reads.isdisjoint(OF_CALL) and not rule.lists


def _is_barred(opinion: Opinion, *, open_: bool) -> bool:
    """Whether a principal may not, whatever the input; `open_`: there are rules that may permit it by that."""
    broken = [rule for rule, _ in opinion.broken if rule is not None and rule.effect == "forbid" and rule.ask is None]
    forbidding = [*broken, *(() if opinion.allows else opinion.by)]
    if any(map(_is_certain, forbidding)):
        return True
    return not (opinion.allows or opinion.by or open_) and all(rule is not None for rule, _ in opinion.broken)


def _principals(matter: PolicyRequest) -> tuple[Actor, ...]:
    """Return who is to be judged: one stands for all where the rules make no difference between them."""
    return matter.principals if PRINCIPAL in matter.scope.reads else (matter.user,)


def _asking(opinion: Opinion) -> Sequence[Rule]:
    """Return the rules for which a person has to allow it: all that forbid it, and one if no other permits it."""
    if all(rule.ask is not None for rule in opinion.by):
        return (*opinion.asking, *opinion.by[:1])
    return opinion.asking


def _kept(kept: dict[object, T], matter: PolicyRequest, make: Callable[[PolicyRequest], T]) -> T:
    """Return what is kept for calls of the same agent by the same principals, or make it."""
    call, scope = matter.call, matter.scope
    place = (scope.action, scope.kind, scope.id, matter.card.version, call.tenant, matter.user, matter.agents)
    found = kept.get(place)
    if found is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        found = kept[place] = make(matter)
    return found
