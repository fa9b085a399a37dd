"""Cedar: the rules of a file, parsed once, and what they say to a request. The only modules that know `cedarpy`."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cedarpy
from cedarpy import pst

from podium.dispatch.rules.policy.evaluation import evaluate, policy_set
from podium.dispatch.rules.policy.positions import line_and_column, place_of_mistake, statements
from podium.dispatch.rules.policy.quantified import Quantified
from podium.dispatch.rules.policy.reading import looks_at, may_match, mistakes_in, plain, reads_wrapped
from podium.errors import ConfigError
from podium.model.duration import SECONDS, in_seconds
from podium.model.json import Json
from podium.model.policy import DANGEROUS

_BROKEN = re.compile(r"error while evaluating policy `([^`]+)`: (.*)", re.DOTALL)
_ANNOTATIONS = ("id", "ask", "within", "reason", "input")
_BARE = "bare"
_WRAPPED = (
    "context.input of a tool are its arguments themselves: write context.input.amount, no longer"
    " context.input.arguments.amount; the name of the tool is resource.name. If a tool has an argument that is called"
    f' `tool` or `arguments`, put @input("{_BARE}") before the rule. If it is not about tools, say so in its head:'
    ' action == Action::"call"'
)
"""What is said of a rule that would no longer say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One policy of the file."""

    id: str
    """Its `@id`, or else where it begins: `line-N`, or `line-N-COLUMN`."""
    effect: Literal["permit", "forbid"]
    line: int
    ask: str | None = None
    """Who has to allow it first (`@ask`)."""
    within: float | None = None
    reason: str = ""
    plain: bool = False
    """It is about everything, and never asks."""
    built_in: bool = False
    """It is about dangerous agents, and does not stand in the file."""
    reads: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    """Its conditions on values of lists, by name."""
    template: pst.Template
    """As it stands in the file."""
    judged: pst.Template
    """As Cedar judges it: without those conditions."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the rules say to one request."""

    allows: bool
    by: tuple[Rule, ...]
    """The rules that permit it, or those that forbid it."""
    asking: tuple[Rule, ...]
    """The rules that forbid it unless a person allows it."""
    broken: tuple[tuple[Rule | None, str], ...]
    """The rules that could not be evaluated, and why; None where the request itself could not be."""


class CedarRules:
    """The rules of a file; raises ConfigError that says where it is wrong."""

    def __init__(self, text: str, name: str, *, dangerous: str) -> None:
        self.name = name
        self._quantified = Quantified()
        self.rules = _parsed(text, name, self._quantified)
        if all(rule.id != DANGEROUS for rule in self.rules.values()):
            (rule,) = _parsed(_built_in(dangerous), "the built-in rule", self._quantified).values()
            self.rules[DANGEROUS] = replace(rule, line=0, built_in=True)
        asking = {key: rule for key, rule in self.rules.items() if rule.effect == "forbid" and rule.ask is not None}
        self._asking = _policy_set(asking, effect="permit") if asking else None
        self._settling = _policy_set({key: rule for key, rule in self.rules.items() if key not in asking})

    def lists(
        self, names: Collection[str], input: Json, requests: Sequence[Json], context: Mapping[str, Json],
        entities: cedarpy.Entities,
    ) -> list[dict[str, bool]]:  # fmt: skip
        """Return what comes of conditions on values of lists, for each request; raises InvalidValue for one too long.

        What cannot be told is left out, so that a rule which reads it cannot be evaluated.
        """
        found: list[dict[str, bool]] = [{} for _ in requests]
        for name in sorted(names):
            said = self._quantified.conditions[name].fulfilled(input, requests, context, entities)
            for each, fulfilled in zip(found, said, strict=True):
                if fulfilled is not None:
                    each[name] = fulfilled
        return found

    def about(self, action: str, kind: str, id: str | None, *, dangerous: bool) -> list[Rule]:
        """Return the rules whose head leaves room for an action on a resource."""
        return [
            rule
            for rule in self.rules.values()
            if may_match(rule.template, action, kind, id) and (dangerous or not rule.built_in)
        ]

    def ask(self, requests: Sequence[Json], entities: cedarpy.Entities, *, asking: bool) -> list[Opinion]:
        """Return what the rules say to each request; the rules that ask a person only where `asking` is set."""
        settled = evaluate([*requests], self._settling, entities)
        if self._asking is None or not asking:
            return [self._opinion(each, None) for each in settled]
        asked = evaluate([*requests], self._asking, entities)
        return [self._opinion(*each) for each in zip(settled, asked, strict=True)]

    def _opinion(self, settled: cedarpy.AuthzResult, asked: cedarpy.AuthzResult | None) -> Opinion:
        broken = [*settled.diagnostics.errors, *(() if asked is None else asked.diagnostics.errors)]
        return Opinion(
            settled.allowed,
            self._named(settled.diagnostics.reasons),
            () if asked is None else self._named(asked.diagnostics.reasons),
            tuple(self._broken(each) for each in broken),
        )

    def _named(self, keys: Sequence[str]) -> tuple[Rule, ...]:
        return tuple(sorted((self.rules[key] for key in keys), key=lambda rule: rule.line))

    def _broken(self, message: str) -> tuple[Rule | None, str]:
        found = _BROKEN.fullmatch(message)
        return (None, message) if found is None else (self.rules.get(found[1]), found[2])


def _built_in(to: str) -> str:
    return f"""@id("{DANGEROUS}") @ask({_quoted(to)}) @reason("it is marked dangerous")
    forbid(principal, action == Action::"call", resource is Agent) when {{ resource.dangerous }};"""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _policy_set(rules: Mapping[str, Rule], *, effect: Literal["permit"] | None = None) -> cedarpy.PolicySet:
    """Return rules as Cedar evaluates them; those that ask as permits, so that it tells of all that match."""
    return policy_set({key: rule.judged for key, rule in rules.items()}, effect=effect)


def _parsed(text: str, name: str, quantified: Quantified) -> dict[str, Rule]:
    if (wrong := _complaint(text)) is not None:
        at, wrong = place_of_mistake(text, _complaint)
        raise ConfigError(f"{_at(name, text, at)}: {wrong}.")
    tree = cedarpy.policies_to_pst(text)
    if tree.templates:
        raise ConfigError(f"{name}: ?principal and ?resource are for templates, which nobody fills in here.")
    starts = [each.start for each in statements(text)]
    found: dict[str, Rule] = {}
    for start, key in zip(starts, sorted(tree.static_policies, key=_number), strict=True):
        rule = _rule(tree.static_policies[key], _at(name, text, start), line_and_column(text, start), quantified)
        if any(rule.id == other.id for other in found.values()):
            raise ConfigError(f'{_at(name, text, start)}: another rule has @id("{rule.id}") already.')
        found[key] = rule
    return found


def _complaint(text: str) -> str | None:
    try:
        cedarpy.policies_to_pst(text)
    except ValueError as error:
        return str(error)
    return None


def _number(key: str) -> int:
    return int(key.removeprefix("policy"))


def _at(name: str, text: str, at: int) -> str:
    line, column = line_and_column(text, at)
    return f"{name}, line {line}, column {column}"


def _rule(template: pst.Template, place: str, begins: tuple[int, int], quantified: Quantified) -> Rule:
    said, (line, column) = template.annotations, begins
    wrong = [*mistakes_in(template), *_misused(said)]
    if "input" not in said and reads_wrapped(template):
        wrong.append(_WRAPPED)
    judged, lists = quantified.taken_out(template, wrong)
    if wrong:
        raise ConfigError(f"{place}: {'; '.join(dict.fromkeys(wrong))}.")
    place_id = f"line-{line}" if column == 1 else f"line-{line}-{column}"
    return Rule(
        id=said.get("id") or place_id, effect=template.effect, line=line, ask=said.get("ask"),
        within=in_seconds(said["within"], "@within") if "within" in said else None, reason=said.get("reason", ""),
        plain=plain(template) and "ask" not in said, reads=looks_at(template), template=template,
        lists=lists, judged=judged,
    )  # fmt: skip


def _misused(said: Mapping[str, str]) -> list[str]:
    """Tell what is wrong with the annotations of a rule."""
    known = f"there are @{', @'.join(_ANNOTATIONS)}"
    wrong = [f"@{name} does not exist; {known}" for name in said if name not in _ANNOTATIONS]
    if said.get("ask") == "":
        wrong.append('@ask names who is asked, such as @ask("leads")')
    if "ask" in said and not said.get("id"):
        wrong.append("a rule with @ask needs an @id, under which the approval is kept")
    if "within" in said and ("ask" not in said or not SECONDS.fits(said["within"])):
        wrong.append('@within says how long an @ask waits, such as @within("2h") or @within("1h30m")')
    if said.get("input", _BARE) != _BARE:
        wrong.append(f'@input("{_BARE}") is all that it can say: that the arguments of a tool are context.input itself')
    return wrong
