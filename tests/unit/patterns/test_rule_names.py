"""What a rule in CEL names and there is not: told when the pattern is made, with its place in rule and file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cel as language
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field

from podium import agent
from podium.errors import PatternError
from podium.patterns import (
    Said,
    after,
    blackboard,
    cascade,
    cel,
    coordinate,
    debate,
    ensemble,
    gate,
    group_chat,
    load_yaml,
    magentic,
    mesh,
    parallel,
    plan_execute,
    race,
    refine,
    route,
    saga,
    sequence,
    state_machine,
    step,
    supervisor,
    transition,
    watch,
)
from podium.patterns.building.known_type import known_type
from podium.patterns.building.members import ANYTHING, Kind
from podium.patterns.building.rule_names import misnomers
from tests.examples import examples


@dataclass
class Verdict:
    score: float
    remark: str | None = None
    earlier: "list[Verdict] | None" = None


class Order(BaseModel):
    total: float
    tags: dict[str, Verdict] = {}

    @computed_field
    @property
    def dear(self) -> bool:
        return self.total > 100


VARIABLES: Mapping[str, Kind] = {
    "verdict": Verdict,
    "order": Order,
    "either": Verdict | Order | None,
    "any": ANYTHING,
    "values": dict[str, int],
    "messages": list[Said],
    "text": str,
}


@pytest.mark.parametrize(
    "rule",
    [
        "verdict.score >= 0.9 && verdict.remark != null",
        "verdict.earlier[0].earlier[1].score > 1.0 || has(verdict.earlier)",
        "order.dear && order.tags['a'].score > 1 && order.tags.b.remark == 'x'",
        "either.score > 1 || either.total > 1",
        "any.what.ever[3].is.there == any['so']",
        "values.a + values['b'] > 3",
        "messages.exists(m, m.text == 'x' && m.text.deep.inside == 1)",
        "messages[size(messages) - 1].speaker == 'a'",
        "messages.filter(m, m.speaker == 'a').map(m, m.text).size() > 0x1F",
        "messages.map(m, m.speaker == 'a', m.text).all(t, t.contains('yes'))",
        "messages.exists(verdict, verdict.speaker == 'a')",
        "text.startsWith('a') ? text.size() > 3u : !('x' in values)",
        "type(verdict.score) == double && int('3') == 3",
        r"""text == "a \" nope(1) b" || text == r'\' || text == 'it''s'""".replace("''s", " s"),
        "{'verdict.nope': 1, 'b': verdict.score}.size() == [1, 2.5e3, -1].size() // verdict.nope",
        "duration('1h').getHours() == 1 && timestamp('2020-01-01T00:00:00Z').getFullYear() > 2000",
        "'''\nverdict.nope ''' == text",
    ],
)
def test_what_there_is_may_be_named(rule: str) -> None:
    language.compile(rule)
    assert misnomers(rule, VARIABLES) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("§draft.score > 1", "uses draft: here it may use verdict and order and "),
        ("verdict.score > 1 && (text == '' || §draft.score > 1)", "uses draft: "),
        ("messages.exists(m, m.text == 'x') && §m == 1", "uses m: "),
        ("verdict.§scroe > 1", "asks verdict for scroe, which it does not have: did you mean score?"),
        ("verdict.§zebra > 1", "asks verdict for zebra, which it does not have: it has score, remark, earlier."),
        ("verdict[§'scroe'] > 1", "asks verdict for scroe, which it does not have: did you mean score?"),
        ("has(verdict.§scroe)", "asks verdict for scroe"),
        ("verdict.earlier[0].§scroe > 1", "asks verdict.earlier[0] for scroe"),
        ("(verdict).§scroe > 1", "asks (verdict) for scroe"),
        ("order.tags['a'].§scroe", "asks order.tags['a'] for scroe"),
        ("order.tags.a.§scroe", "asks order.tags.a for scroe"),
        ("either.§dearest", "asks either for dearest, which it does not have: did you mean dear?"),
        ("messages[0].§txt == ''", "asks messages[0] for txt, which it does not have: did you mean text?"),
        ("messages.all(m, m.speaker == '' && m.§txt == '')", "asks m for txt"),
        ("messages.filter(m, true)[0].§txt == ''", "asks messages.filter(m, true)[0] for txt"),
        ("text.§score > 1", "asks text for score, and that is no object: it has no fields."),
        ("verdict.score.§value > 1", "asks verdict.score for value, and that is no object: it has no fields."),
        ("[verdict.§a, {'b': verdict.score}][0]", "asks verdict for a"),
        ("§lenght(text) > 1", "calls lenght, and there is no such function: there is size, contains, "),
        ("text.§startswith('a')", "calls startswith, and there is no such function: did you mean startsWith?"),
        ("§contains(text, 'a')", "calls contains(a, b): write value.contains(a)."),
        ("§size(text, 'a')", "calls size(a, b): write value.size() or size(a)."),
        ("text.§matches()", "calls value.matches(): write value.matches(a)."),
        ("messages.§all(i, m, true)", "calls value.all(a, b, c)"),
        ("text == r'\\' && 'a'.§nope()", "calls nope"),
    ],
)
def test_what_there_is_not_is_told_with_its_place(rule: str, message: str) -> None:
    at, rule = rule.index("§"), rule.replace("§", "")
    language.compile(rule)
    first, *_ = misnomers(rule, VARIABLES)
    assert first.at == at
    assert first.message.startswith(message)


FUNCTIONS = [
    "size('a')", "'a'.size()", "[1].size()", "'a'.contains('a')", "'a'.startsWith('a')", "'a'.endsWith('a')",
    "'a'.matches('a')", "int('1')", "uint(1)", "double('1')", "string(1)", "bytes('a')", "type(1)",
    "duration('1h')", "timestamp('2020-01-01T00:00:00Z')", "duration('1h').getHours()",
    "duration('1h').getMinutes()", "timestamp('2020-01-01T00:00:00Z').getDate()", "max(1, 2)", "min(1, 2)",
    "'a'.lowerAscii()", "'a'.charAt(0)", "[1].sum()", "bool('true')", "[3, 1].sort()", "[1, 2].first()",
]  # fmt: skip


@pytest.mark.parametrize("call", FUNCTIONS)
def test_a_function_is_refused_if_and_only_if_the_package_does_not_know_it(call: str) -> None:
    try:
        language.evaluate(call)
    except RuntimeError:
        assert misnomers(call, {})
    else:
        assert misnomers(call, {}) == []


ATOMS = [
    "verdict.score",
    "1.5",
    "messages.size()",
    "'a.b(c)'",
    "values.a",
    "any.x",
    "messages.filter(m, m.text == 'a').size()",
]


@given(
    st.recursive(
        st.sampled_from(ATOMS),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "&&", "||", "<", "==", "in", "-", "?true:"]), inner).map(" ".join),
            inner.map("({})".format),
            inner.map("[{}, 1]".format),
            inner.map("messages.exists(m, {})".format),
            inner.map("!({})".format),
            inner.map("{{'k': {}}}".format),
        ),
        max_leaves=8,
    )
)
@settings(deadline=None, max_examples=examples(40))
def test_a_rule_of_whatever_form_names_what_there_is(rule: str) -> None:
    try:
        language.compile(rule)
    except ValueError:
        return
    assert misnomers(rule, VARIABLES) == []
    spoilt = rule.replace("verdict.score", "verdict.scroe")
    assert [each.message[:24] for each in misnomers(spoilt, VARIABLES)] == ["asks verdict for scroe, "] * spoilt.count(
        "scroe"
    )


def test_of_what_says_too_little_nothing_is_known() -> None:
    assert known_type(ANYTHING).fields is None
    assert known_type(dict[str, Any]).fields is None
    assert known_type(list[int]).fields == {}


@agent
async def judge(task: str) -> Verdict:
    """Judge."""
    return Verdict(score=1)


@agent
async def other(task: str) -> Verdict:
    """Judge too."""
    return Verdict(score=1)


@agent
async def buys(order: Order) -> Verdict:
    """Buy."""
    return Verdict(score=1)


Made = Callable[[Any], Any]
"""Makes a pattern with a rule."""

TYPED: Mapping[str, tuple[str, Made]] = {
    "cascade.confident": ("answer.", lambda rule: cascade(judge, other, confident=rule)),
    "ensemble.judge": ("answer.", lambda rule: ensemble(judge, other, judge=rule)),
    "gate.check": ("output.", lambda rule: gate(rule, worker=judge)),
    "group_chat.until": ("messages[0].", lambda rule: group_chat(judge, other, until=rule)),
    "group_chat.until, beside an end": ("messages[0].", lambda rule: group_chat(judge, other, until=after(3) | rule)),
    "group_chat.agree": ("message.", lambda rule: group_chat(judge, other, agree=rule)),
    "group_chat.next_speaker": ("messages[0].", lambda rule: group_chat(judge, other, next_speaker=rule)),
    "magentic.until": ("history[0].", lambda rule: magentic("boss", [other], until=rule)),
    "mesh.until": ("messages[0].", lambda rule: mesh(judge, other, until=rule)),
    "parallel.merge": ("values[0].", lambda rule: parallel(judge, other, merge=rule)),
    "parallel.merge.coordinate": (
        "values[0].",
        lambda rule: parallel(judge, other, merge=coordinate("chief", agree=rule)),
    ),
    "race.good": ("answer.", lambda rule: race(judge, other, good=rule)),
    "refine.until": ("verdict.", lambda rule: refine(other, judge, until=rule)),
    "refine.score": ("verdict.", lambda rule: refine(other, judge, until=after(3), score=rule)),
    "route.by": ("task.", lambda rule: route({"a": buys}, rule)),
    "route.by, a mapping": ("task.", lambda rule: route({"a": buys}, {"a": rule})),
    "saga.undo_input": ("output.", lambda rule: saga(step(judge, undo="undo", undo_input=rule))),
    "sequence.stages": ("it.", lambda rule: sequence(judge, rule)),
    "supervisor.until": ("reports[0].", lambda rule: supervisor("boss", [judge], until=rule)),
}
"""Each place of a rule whose variable has a type."""
UNTYPED: Mapping[str, Made] = {
    "blackboard": lambda rule: blackboard(watch(judge, when=rule)),
    "debate": lambda rule: debate(judge, other, until=rule),
    "plan_execute": lambda rule: plan_execute("plan", [judge], report=rule),
    "state_machine": lambda rule: state_machine(transition("a", "b", when=rule, on="go"), start="a", ends=["b"]),
}
"""Rules whose variables have none: fields are not checked, all else is."""


@pytest.mark.parametrize("place", TYPED)
def test_every_pattern_refuses_a_field_that_what_its_members_give_does_not_have(place: str) -> None:
    value, made = TYPED[place]
    with pytest.raises(PatternError, match=r"for nowhere, which it does not have") as caught:
        made(cel(f"{value}nowhere == 1"))
    assert caught.value.at == len(value)


@pytest.mark.parametrize("made", [*UNTYPED.values(), *(made for _, made in TYPED.values())])
@pytest.mark.parametrize("rule", ["zebra == 1", "nope(1)"])
def test_every_pattern_refuses_unknown_variables_and_functions(made: Made, rule: str) -> None:
    with pytest.raises(PatternError, match=r"uses zebra|calls nope"):
        made(cel(rule))


def test_the_place_in_a_file_is_that_in_the_rule() -> None:
    text = "workflows:\n  w:\n    refine:\n      writer: judge\n      critic: judge\n      until: {rule}\n"
    for written, line in [
        ("verdict.score > 1 && verdict.§scroe > 1", 6),
        ("'verdict.score > 1 && verdict.§scroe > 1'", 6),
        ("{any_of: [{after: 3}, 'verdict.§scroe > 1']}", 6),
        ("verdict.score > 1 && §lenght(verdict.remark) > 1", 6),
        ("verdict.score > §verdit", 6),
    ]:
        spoilt = text.format(rule=written) if "{" not in written else text.replace("{rule}", written)
        at = spoilt.splitlines()[line - 1].index("§") + 1
        with pytest.raises(PatternError, match=rf"^team.yaml:{line}:{at}: refine.until"):
            load_yaml(spoilt.replace("§", ""), agents=[judge])
