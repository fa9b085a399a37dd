"""What a policy file says to a call, and what is said of a wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from podium.dispatch.rules.policy.cedar import CedarRules
from podium.dispatch.rules.policy.entities import EntityBuilder
from podium.dispatch.rules.policy.judge import CedarJudge
from podium.dispatch.rules.policy.request import PolicyRequest, PolicyScope
from podium.dispatch.rules.policy.words import AGENT, CALL, TOOL, USE_TOOL, USER
from podium.errors import ConfigError
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, Denied, PolicyDecision
from podium.testing import DrivenClock

EVERYTHING = "permit(principal, action, resource);\n"
CARDS = {
    name: Card(name=name, capabilities=frozenset({f"can-{name}"})) for name in ("desk", "mailer", "wiper", "clerk")
}


class Court:
    """A judge who is asked about calls."""

    def __init__(self, text: str, *, trust: int = 80, groups: dict[str, tuple[str, ...]] | None = None) -> None:
        self.trust = trust
        cast = EntityBuilder(cards=CARDS.get, trust=lambda _name, _version: self.trust, groups=groups or {})
        self.clock = DrivenClock()
        self.judge = CedarJudge(CedarRules(text, "policy.cedar", dangerous="operators"), cast, self.clock)

    def call(
        self, agent: str = "mailer", input: Json = None, *, user: str = "ada", agents: tuple[str, ...] = ("desk",),
        granted: tuple[str, ...] = (), card: Card | None = None,
    ) -> PolicyDecision:  # fmt: skip
        card = card or CARDS[agent]
        scope = self.judge.scope(card, CALL, AGENT, card.name)
        return self.judge.decide(_matter(card, scope, input, user, agents, granted))

    def tool(self, agent: str, tool: str, input: Json = None) -> PolicyDecision:
        scope = self.judge.scope(CARDS[agent], USE_TOOL, TOOL, f"{agent}/{tool}")
        return self.judge.decide(_matter(CARDS[agent], scope, input, "ada", ("desk", agent), ()))


def _matter(
    card: Card, scope: PolicyScope, input: Json, user: str, agents: tuple[str, ...], granted: tuple[str, ...]
) -> PolicyRequest:
    call = Call(run="r", key="0", agent=card.name, version=card.version, input=input, principal=user, callers=agents)
    said: dict[str, Json] = {rule: {"approved": True} for rule in granted}
    return PolicyRequest(call=call, card=card, scope=scope, input=input, granted=said, user=(USER, user), agents=agents)


def test_what_no_rule_permits_is_denied() -> None:
    decision = Court('permit(principal, action, resource == Agent::"clerk");').call("mailer")
    assert decision == Denied(
        "policy:default", 'User::"ada" may not call Agent::"mailer": no rule of policy.cedar permits it'
    )


def test_a_rule_that_forbids_goes_before_one_that_permits() -> None:
    text = EVERYTHING + '@id("no-mail") @reason("it is Sunday") forbid(principal, action, resource == Agent::"mailer");'
    decision = Court(text).call("mailer")
    assert isinstance(decision, Denied)
    assert decision.rule == "policy:no-mail"
    assert decision.reason.endswith("policy.cedar, line 2, forbids it: it is Sunday")


def test_everybody_on_the_way_must_be_permitted() -> None:
    court = Court(EVERYTHING + '@id("x") forbid(principal == Agent::"clerk", action, resource == Agent::"mailer");')
    assert court.call("mailer", agents=("desk",)) == Allowed(None)
    assert isinstance(court.call("mailer", agents=("desk", "clerk")), Denied)
    assert isinstance(court.call("mailer", agents=("clerk", "desk")), Denied)


def test_the_user_must_be_permitted_too() -> None:
    staff = 'permit(principal in Group::"staff", action, resource);'
    court = Court("permit(principal is Agent, action, resource);" + staff, groups={"staff": ("ada",)})
    assert isinstance(court.call(user="ada"), Allowed)
    assert isinstance(court.call(user="bob"), Denied)


def test_a_rule_that_asks_is_passed_once_a_person_has_allowed_it() -> None:
    court = Court(EVERYTHING + '@id("mail") @ask("leads") @within("2h") forbid(principal, action, resource is Agent);')
    assert court.call() == Asks("policy:mail", "leads", "", 7_200.0)
    assert court.call(granted=("policy:mail",)) == Allowed("policy:mail")


def test_a_permit_that_asks_is_enough_once_a_person_has_allowed_it() -> None:
    court = Court('@id("mail") @ask("leads") permit(principal, action, resource);')
    assert court.call() == Asks("policy:mail", "leads", "", None)
    assert court.call(granted=("policy:mail",)) == Allowed("policy:mail")


def test_no_approval_helps_against_a_rule_that_forbids() -> None:
    text = (
        EVERYTHING
        + '@id("a") @ask("leads") forbid(principal, action, resource); @id("b") forbid(principal, action, resource);'
    )
    decision = Court(text).call(granted=("policy:a", "policy:b"))
    assert isinstance(decision, Denied)
    assert decision.rule == "policy:b"


def test_an_approval_counts_only_for_the_rule_that_asked() -> None:
    text = (
        EVERYTHING
        + '@id("a") @ask("x") forbid(principal, action, resource);'
        + '@id("b") @ask("y") forbid(principal, action, resource);'
    )
    assert Court(text).call(granted=("policy:a",)) == Asks("policy:b", "y", "", None)


def test_a_dangerous_agent_is_asked_about_also_where_the_file_says_nothing_of_it() -> None:
    card = Card(name="wiper", dangerous=True)
    assert Court(EVERYTHING).call(card=card) == Asks("policy:dangerous", "operators", "it is marked dangerous", None)


def test_the_file_can_replace_the_rule_about_dangerous_agents() -> None:
    court = Court(EVERYTHING + '@id("dangerous") permit(principal, action, resource) when { resource.dangerous };')
    assert court.call(card=Card(name="wiper", dangerous=True)) == Allowed(None)


def test_rules_read_the_input() -> None:
    court = Court(
        EVERYTHING
        + '@id("much") forbid(principal, action, resource) when { context.input.usd.greaterThan(decimal("9.5")) };'
    )
    assert court.call(input={"usd": 9.25, "note": None}) == Allowed(None)
    assert isinstance(court.call(input={"usd": 9.75}), Denied)


def test_a_rule_that_forbids_and_cannot_be_evaluated_forbids_and_says_so() -> None:
    court = Court(EVERYTHING + '@id("much") forbid(principal, action, resource) when { context.input.usd > 5 };')
    decision = court.call(input={"eur": 3})
    assert isinstance(decision, Denied)
    assert decision.rule == "policy:much"
    assert "cannot be evaluated: record does not have the attribute `usd`" in decision.reason
    assert "test with `has`" in decision.reason


def test_a_rule_that_asks_and_cannot_be_evaluated_forbids() -> None:
    court = Court(
        EVERYTHING + '@id("much") @ask("x") forbid(principal, action, resource) when { context.input.usd > 5 };'
    )
    assert isinstance(court.call(input=None), Denied)


def test_a_permit_that_cannot_be_evaluated_permits_nothing_and_says_so() -> None:
    decision = Court("permit(principal, action, resource) when { context.input.usd < 5 };").call(input={})
    assert isinstance(decision, Denied)
    assert "line 1, cannot be evaluated: record does not have the attribute `usd`" in decision.reason


def test_an_input_cannot_pass_for_an_entity_or_an_extension() -> None:
    court = Court(
        EVERYTHING + '@id("x") forbid(principal, action, resource) when { context.input.who == User::"root" };'
    )
    assert court.call(input={"who": {"__entity": {"type": "User", "id": "root"}}}) == Allowed(None)
    assert court.call(input={"who": {"__extn": {"fn": "ip", "arg": "nonsense"}}}) == Allowed(None)


def test_an_input_too_large_to_be_looked_at_is_denied_only_where_a_rule_looks_at_it() -> None:
    large = {"text": "x" * 1_000_001}
    decision = Court(EVERYTHING + 'forbid(principal, action, resource) when { context.input.text == "no" };').call(
        input=large
    )
    assert isinstance(decision, Denied)
    assert decision.rule == "policy:unreadable"
    assert Court(EVERYTHING).call(input=large) == Allowed(None)


@pytest.mark.parametrize("number", [2**70, -(2**63) - 1, 1e30, float("nan"), 0.1 + 0.2, -5])
def test_any_number_can_be_looked_at(number: float) -> None:
    court = Court(EVERYTHING + "forbid(principal, action, resource) when { context.input has no };")
    assert court.call(input={"n": number}) == Allowed(None)


def test_tools_are_resources_inside_their_agent() -> None:
    court = Court(
        EVERYTHING
        + 'forbid(principal, action == Action::"tool", resource in Agent::"clerk") unless { resource.name == "read" };'
    )
    assert court.tool("clerk", "read") == Allowed(None)
    assert isinstance(court.tool("clerk", "delete"), Denied)
    assert court.tool("mailer", "delete") == Allowed(None)


def test_trust_is_looked_at_each_time() -> None:
    court = Court(EVERYTHING + '@id("t") forbid(principal, action, resource is Agent) when { resource.trust < 50 };')
    assert court.call() == Allowed(None)
    court.trust = 49
    assert isinstance(court.call(), Denied)


async def test_the_time_is_looked_at_each_time() -> None:
    court = Court(EVERYTHING)
    later = court.clock.now() + 3_600
    when = f'context.now >= datetime("1970-01-01").offset(duration("{int(later)}s"))'
    court = Court(EVERYTHING + f"forbid(principal, action, resource) when {{ {when} }};")
    assert court.call() == Allowed(None)
    await court.clock.advance(3_600)
    assert isinstance(court.call(), Denied)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("permit(principal,\n  action resource);", "policy.cedar, line 2, column 10: unexpected token `resource`"),
        ("permit(principal, action, resource)", "policy.cedar, line 1, column 36: unexpected end of input"),
        (EVERYTHING + "\nforbid(principal, action, resource) when { prinicpal.x };", "line 3, column 44: "),
        ('permit(principal, action == Action::"cal", resource);', 'line 1, column 1: there is no action Action::"cal"'),
        ("permit(principal is Persno, action, resource);", "there is no type Persno"),
        ("forbid(principal, action, resource) when { context.inptu.x > 3 };", "context.inptu does not exist"),
        ("forbid(principal, action, resource) when { context.input has __x };", "__x cannot be read"),
        ("forbid(principal, action, resource) when { context.input.to.__entity == 1 };", "__entity cannot be read"),
        ('@ask("x") forbid(principal, action, resource);', "a rule with @ask needs an @id"),
        ('@id("a") permit(principal, action, resource);\n' * 2, 'line 2, column 1: another rule has @id("a") already'),
        ('@when("x") permit(principal, action, resource);', "@when does not exist"),
        ('@id("a") @ask("x") @within("soon") permit(principal, action, resource);', "@within says how long"),
        ("permit(principal == ?principal, action, resource);", "templates"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Court(text)
    assert message in str(error.value)


_HEADS = some.sampled_from(
    [
        "principal, action, resource", 'principal == Agent::"desk", action, resource',
        "principal is User, action, resource",
        'principal, action == Action::"call", resource', 'principal, action, resource == Agent::"mailer"',
        'principal in Group::"staff", action, resource', 'principal, action, resource in Capability::"can-clerk"',
    ]
)  # fmt: skip
_WHENS = some.sampled_from(
    [
        "", "when { context.input > 3 }", 'when { context.callers.contains("clerk") }', "when { context.depth > 1 }",
        "when { resource.trust < 50 }", 'when { context.user == User::"ada" }', 'unless { context.caller == "desk" }',
        'when { principal is Agent && principal.name == "wiper" }', 'when { context.tenant == Tenant::"default" }',
    ]
)  # fmt: skip
_BODIES = some.tuples(some.sampled_from(["permit", "forbid", "ask"]), _HEADS, _WHENS)
_FILES = some.lists(_BODIES, max_size=4).map(
    lambda rules: EVERYTHING + "".join(_written(n, *rule) for n, rule in enumerate(rules))
)
_WAYS = some.lists(some.sampled_from(["desk", "clerk", "wiper", "stranger"]), max_size=4).map(tuple)
_CALLS = some.tuples(
    some.sampled_from(["mailer", "clerk"]), some.integers(0, 6), some.sampled_from(["ada", "bob"]), _WAYS
)


def _written(n: int, effect: str, head: str, when: str) -> str:
    ask = '@ask("x") ' if effect == "ask" else ""
    return f'@id("r{n}") {ask}{"forbid" if ask else effect}({head}) {when};\n'


def _rank(decision: PolicyDecision) -> int:
    return {Denied: 0, Asks: 1, Allowed: 2}[type(decision)]


@given(_FILES.filter(lambda text: "context.depth" not in text and "context.call" not in text), _CALLS)
def test_a_chain_is_never_permitted_more_than_each_of_its_members(
    text: str, asked: tuple[str, int, str, tuple[str, ...]]
) -> None:
    agent, number, user, agents = asked
    court = Court(text, groups={"staff": ("ada",)})
    whole = court.call(agent, number, user=user, agents=agents)
    parts = [court.call(agent, number, user=user, agents=(each,)) for each in agents]
    assert all(_rank(whole) <= _rank(part) for part in parts)


@given(_FILES, _BODIES.filter(lambda body: body[0] != "permit"), _CALLS)
def test_a_further_rule_that_forbids_or_asks_never_allows_more(
    text: str, more: tuple[str, str, str], asked: tuple[str, int, str, tuple[str, ...]]
) -> None:
    agent, number, user, agents = asked
    groups = {"staff": ("ada",)}
    before = Court(text, groups=groups).call(agent, number, user=user, agents=agents)
    after = Court(text + _written(99, *more), groups=groups).call(agent, number, user=user, agents=agents)
    assert _rank(after) <= _rank(before)


@given(_FILES, some.lists(_CALLS, min_size=2, max_size=5), some.lists(some.integers(0, 100), min_size=2, max_size=2))
def test_a_kept_decision_is_the_one_that_would_be_made_anew(
    text: str, calls: list[tuple[str, int, str, tuple[str, ...]]], trusts: list[int]
) -> None:
    groups = {"staff": ("ada",)}
    court = Court(text, groups=groups)
    for court.trust in trusts:
        for agent, number, user, agents in calls:
            fresh = Court(text, groups=groups, trust=court.trust)
            said = fresh.call(agent, number, user=user, agents=agents)
            assert court.call(agent, number, user=user, agents=agents) == said
