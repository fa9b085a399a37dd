"""Whether the rules of a file speak of groups, agents, tools and arguments that there are: others say nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from podium.dispatch.rules.policy.cedar import CedarRules, Rule
from podium.dispatch.rules.policy.members import Members
from podium.dispatch.rules.policy.reading import (
    entities_in,
    may_match,
    named_resource,
    names_compared,
    paths_read,
    resource_within,
)
from podium.dispatch.rules.policy.words import (
    AGENT,
    ALL,
    ANY,
    CALL,
    CAPABILITY,
    GROUP,
    MEMORY,
    READ,
    TOOL,
    USE_TOOL,
    WRITE,
)
from podium.errors import ConfigError
from podium.model.agent import Card
from podium.model.json import Json
from podium.model.step import tool_id

_OF_CALL, _OF_RUN, _OF_LISTS = "call_input", ("run_input", "request"), (ALL, ANY)

_NO_OBJECT = "input"
"""The name of the only argument of an input that is no object."""
_OF_CALLERS = ["caller"], ["callers"]
_OF_ARGUMENTS = ["from_request"], ["from_trusted"], ["untrusted"], ["own"]


@dataclass(frozen=True, slots=True)
class PolicyTarget:
    """What rules can be about: an agent that is called, or a tool that it uses."""

    action: str
    kind: str
    id: str
    input: Json
    """The JSON Schema of what it takes."""
    call_input: Json = None
    """That of what the agent takes, of a tool."""
    inside: frozenset[tuple[str, str]] = frozenset()
    """The entities that it is in."""


def require_groups(rules: CedarRules, groups: Collection[str]) -> None:
    """Raise ConfigError where rules name groups that the settings do not: nobody would be in them."""
    told = [
        f'{_at(rules, rule)}: there is no group Group::"{name}"; {_there_are(groups)}. '
        f"Name its members in [podium.policy] groups = {{ {name} = [] }}"
        for rule in rules.rules.values()
        for kind, name in sorted(entities_in(rule.template))
        if kind == GROUP and name not in groups
    ]
    if told:
        raise ConfigError(f"{'; '.join(told)}.")


def mistakes_about(rules: CedarRules, cards: Sequence[Card], outside: Collection[str] = ()) -> list[str]:
    """Tell what rules speak of that these agents do not have, one sentence each; `outside` are agents of others."""
    known, subjects = _entities(cards), list(_subjects(cards))
    runs = [card.input_schema for card in cards if card.traits.runs_inline]
    told: list[str] = []
    for rule in rules.rules.values():
        if not rule.built_in:
            wrong = [*_unknown(rule, known, outside), *_never_there(rule, subjects, runs)]
            told.extend(f"{_at(rules, rule)}: {each}." for each in wrong)
    return told


def _entities(cards: Sequence[Card]) -> Mapping[str, set[str]]:
    """Return what there is, by type; of an agent that may have further tools, `AGENT/*` is among them."""
    tools = {tool_id(card.name, tool) for card in cards for tool in card.tools}
    return {
        AGENT: {card.name for card in cards},
        MEMORY: {card.name for card in cards if card.traits.is_memory},
        TOOL: tools | {tool_id(card.name, "*") for card in cards if not card.knows_tools},
        CAPABILITY: {
            each for card in cards for one in (card, *card.tools.values()) for each in one.capabilities
        },
    }  # fmt: skip


def _unknown(rule: Rule, known: Mapping[str, set[str]], outside: Collection[str]) -> Iterator[str]:
    for kind, name in sorted(entities_in(rule.template)):
        if not _is_known(kind, name, known, outside):
            there = [each for each in known[kind] if not each.endswith("/*")]
            yield f'there is no {_WORDS[kind]} {kind}::"{name}"; {_there_are(there)}'
    for (_, *path), name in sorted(names_compared(rule.template)):
        if path[:1] == ["sources"]:
            is_there = _is_known(TOOL if "/" in name else AGENT, name, known, outside)
        else:
            is_there = path not in _OF_CALLERS or not name or _is_known(AGENT, name, known, outside)
        if not is_there:
            yield f"context.{'.'.join(path)} is never {name!r}: nothing is called so"


def _is_known(kind: str, name: str, known: Mapping[str, set[str]], outside: Collection[str]) -> bool:
    if kind not in known or name in known[kind] or (kind == AGENT and name in outside):
        return True
    return kind == TOOL and f"{name.rpartition('/')[0]}/*" in known[kind]


_WORDS = {AGENT: "agent", TOOL: "tool", MEMORY: "memory", CAPABILITY: "agent or tool in"}


def _subjects(cards: Sequence[Card]) -> Iterator[PolicyTarget]:
    for card in cards:
        classes = frozenset((CAPABILITY, each) for each in card.capabilities)
        agent = classes | {(AGENT, card.name)}
        if card.traits.is_memory:
            for action in (READ, WRITE):
                yield PolicyTarget(action, MEMORY, card.name, card.input_schema, inside=agent)
        else:
            yield PolicyTarget(CALL, AGENT, card.name, card.input_schema, inside=classes)
        for tool, about in card.tools.items():
            inside = agent | {(CAPABILITY, each) for each in about.capabilities}
            yield PolicyTarget(USE_TOOL, TOOL, tool_id(card.name, tool), about.schema, card.input_schema, inside)
        if not card.knows_tools and card.traits.reads_text:
            yield PolicyTarget(USE_TOOL, TOOL, tool_id(card.name, "*"), None, card.input_schema, agent)


def _never_there(rule: Rule, subjects: Sequence[PolicyTarget], runs: Sequence[Json]) -> Iterator[str]:
    """Tell what a rule reads of an input that nothing has which it can be about."""
    about = [each for each in subjects if _may_be_about(rule, each)]
    if named_resource(rule.template) is not None:
        about = [each for each in about if not each.id.endswith("/*")]
    for path in sorted(path for path in paths_read(rule.template) if path[0] == "context"):
        name, *members = path[1:]
        schemas = [Members(each) for each in _schemas(name, about, runs)]
        if schemas and not any(each.may_have(members, each=name in _OF_LISTS) for each in schemas):
            takes = {member for each in schemas for member in each.names}
            which = f'{about[0].kind}::"{about[0].id}"' if len(about) == 1 else "nothing that the rule can be about"
            verb = "has no" if len(about) == 1 else "has"
            yield f"{which} {verb} {'.'.join(path)}; {_there_are(takes)}"
    yield from _no_arguments(rule, [Members(each.input) for each in about])


def _no_arguments(rule: Rule, takes: Sequence[Members]) -> Iterator[str]:
    """Tell which arguments a rule looks for among those of an origin that nothing has which it can be about."""
    there = _there_are({member for each in takes for member in each.names})
    for (_, *path), name in sorted(names_compared(rule.template)):
        if not takes or path not in _OF_ARGUMENTS or name == _NO_OBJECT:
            continue
        if not any(each.may_have([name]) for each in takes):
            yield f"context.{path[0]} never has {name!r}, which nothing takes that the rule can be about; {there}"


def _schemas(name: str, about: Sequence[PolicyTarget], runs: Sequence[Json]) -> Sequence[Json]:
    if name in _OF_RUN:
        return runs
    if name == _OF_CALL:
        return [each.call_input for each in about if each.kind == TOOL]
    return [each.input for each in about] if name in ("input", *_OF_LISTS) else ()


def _may_be_about(rule: Rule, subject: PolicyTarget) -> bool:
    """Whether the head of a rule leaves room for an action on something."""
    is_any = subject.id.endswith("/*")
    if not may_match(rule.template, subject.action, subject.kind, None if is_any else subject.id):
        return False
    within = resource_within(rule.template)
    return within is None or within == (subject.kind, subject.id) or within in subject.inside


def _there_are(names: Collection[str]) -> str:
    return f"there are {', '.join(sorted(names))}" if names else "there are none"


def _at(rules: CedarRules, rule: Rule) -> str:
    return f"{rules.name}, line {rule.line}"
