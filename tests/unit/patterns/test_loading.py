"""`load_yaml` and `load`: teams and patterns from what is written down."""

import sys
from typing import Any

import pytest

from podium.errors import PatternError, UsageError
from podium.model.duration import SPAN
from podium.model.retry import FailureKind, Retry
from podium.patterns import Pattern, Step, Team, cel, load, load_yaml, parallel, refine, sequence, tree
from tests.unit.engine.bench import Bench
from tests.unit.patterns import newsroom

TIME = SPAN.words
TEAM = """
agents:
  ideas: tests.unit.patterns.newsroom:ideas
  write: tests.unit.patterns.newsroom:write
  judge: tests.unit.patterns.newsroom:judge
  publish: tests.unit.patterns.newsroom:publish
workflows:
  factory:
    sequence: [ideas, draft, publish]
  draft:
    refine:
      writer: write
      critic: judge
      until: verdict.score >= 0.9
"""
AGENTS = [newsroom.ideas, newsroom.write, newsroom.judge, newsroom.publish, newsroom.count]


def team_of(pattern: str) -> Team:
    """Return a team whose only workflow is a pattern, written in one line."""
    return load_yaml(f"workflows:\n  w:\n    {pattern}\n", agents=AGENTS)


def made(pattern: str) -> dict[str, Any]:
    """Return what the pattern's function was called with."""
    return dict(team_of(pattern).workflow().arguments)


def drafted(option: str) -> dict[str, Any]:
    """Return what `refine` was called with, given one more option."""
    return made(f"refine: {{writer: write, critic: judge, until: 'true', {option}}}")


async def test_workflows_may_name_each_other_in_any_order_and_run(bench: Bench) -> None:
    team = load_yaml(TEAM)
    async with bench.app(*team.agents.values()) as app:
        assert await app.run(team.workflow("factory"), "a") == "published a?a?"


def test_a_workflow_is_called_as_its_key_and_stands_in_others_as_itself() -> None:
    team = load_yaml(TEAM)
    assert team.workflow("draft").card.name == "draft"
    assert team.workflow("draft") in list(team.workflow("factory").agents())


def test_a_team_is_what_the_same_patterns_in_python_are() -> None:
    python = refine(newsroom.write, newsroom.judge, until=cel("verdict.score >= 0.9"), name="draft")
    assert load_yaml(TEAM).workflow("draft").spec() == python.spec()


def test_the_workflow_meant_where_none_is_named_is_the_only_one_or_the_one_under_run() -> None:
    assert team_of("sequence: [ideas]").workflow().card.name == "w"
    assert load_yaml(f"run: draft{TEAM}").workflow().card.name == "draft"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "name one of the workflows: draft, factory."),
        ("drift", "there is no workflow 'drift': draft, factory."),
    ],
)
def test_a_workflow_that_is_not_there_is_refused(name: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_yaml(TEAM).workflow(name)


def test_agents_may_be_handed_over_by_a_name_of_their_own() -> None:
    team = load_yaml("workflows:\n  w:\n    sequence: [poet]\n", agents={"poet": newsroom.write})
    assert list(team.workflow().agents()) == [newsroom.write]


def test_a_person_is_an_agent_without_python() -> None:
    text = "agents:\n  boss: {human: {to: editors, text: Good, answer: bool, within: 60}}\nworkflows:\n"
    boss = load_yaml(f"{text}  w:\n    sequence: [write, boss]\n", agents=AGENTS).agents["boss"]
    assert (boss.card.name, boss.card.kind, boss.output.type) == ("boss", "human", bool)


def test_a_stage_is_an_agent_by_name_or_address_a_function_a_rule_or_a_pattern() -> None:
    here = "tests.unit.patterns.newsroom"
    stages = made(f"sequence: [ideas, {here}:publish, {here}:exclaim, it + '!', it.size(), {{sequence: [count]}}]")[
        "stages"
    ]
    assert stages[:3] == (newsroom.ideas, newsroom.publish, newsroom.exclaim)
    assert [each.text for each in stages[3:5]] == ["it + '!'", "it.size()"]
    assert stages[5].kind == "sequence"


def test_a_name_with_a_dot_that_nobody_has_is_a_rule_where_there_may_be_one() -> None:
    (stage,) = made("sequence: [it.text]")["stages"]
    assert stage.text == "it.text"


def test_a_rule_is_a_function_or_cel() -> None:
    address = "tests.unit.patterns.newsroom:good_enough"
    assert made(f"refine: {{writer: write, critic: judge, until: {address}}}")["until"] is newsroom.good_enough
    assert made("refine: {writer: write, critic: judge, until: verdict}")["until"].text == "verdict"


def test_a_list_stands_for_what_a_pattern_takes_any_number_of() -> None:
    assert made("sequence: [ideas, publish]") == {"stages": (newsroom.ideas, newsroom.publish), "name": "w"}
    assert made("sequence: {stages: [ideas], version: '2'}")["version"] == "2"


def test_parts_of_a_pattern_are_made_by_the_functions_that_make_them_in_python() -> None:
    merge = made("parallel: {agents: [ideas, publish], merge: {tree: {merge: 'values[0]', width: 2}}}")["merge"]
    assert (merge.merge.text, merge.width) == ("values[0]", 2)


def test_a_part_is_known_by_its_fields_too() -> None:
    steps = made("saga: [{agent: ideas, undo: publish}, {step: {agent: write}}, {sequence: [ideas]}]")["steps"]
    assert [type(each) for each in steps] == [Step, Step, Pattern]
    assert steps[0] == Step(agent=newsroom.ideas, undo=newsroom.publish)


def test_a_person_may_stand_inside_a_pattern() -> None:
    (asked,) = made("sequence: [{human: {to: editors, text: Good, answer: str}}]")["stages"]
    assert asked.card.name == "human-editors"


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("version: 2", "version", "2"),
        ("version: 1.10", "version", "1.10"),
        ("description: on", "description", "on"),
        ("description: 'null'", "description", "null"),
        ("timeout: 5", "timeout", 5.0),
        ("timeout: 1.5e1", "timeout", 15.0),
        ("timeout: 1h30m", "timeout", "1h30m"),
        ("timeout: '15'", "timeout", "15"),
        ("timeout: null", "timeout", None),
        ("timeout:", "timeout", None),
        ("score: null", "score", None),
        ("rounds: 7", "rounds", 7),
        ("capabilities: [draw, 'yes']", "capabilities", {"draw", "yes"}),
        ("retry: {attempts: 3, kinds: [bug]}", "retry", Retry(attempts=3, kinds=frozenset({FailureKind.BUG}))),
    ],
)
def test_what_a_plain_value_is_depends_on_what_its_place_wants(option: str, name: str, value: object) -> None:
    assert drafted(option)[name] == value


@pytest.mark.parametrize(
    ("word", "value"), [("true", "True"), ("yes", "True"), ("On", "True"), ("no", "False"), ("off", "False")]
)
def test_where_true_or_false_is_wanted_all_words_of_yaml_for_them_do(word: str, value: str) -> None:
    assert repr(made(f"parallel: {{agents: [ideas], partial: {word}}}")["partial"]) == value


def test_an_alias_stands_for_what_was_written_before() -> None:
    text = (
        "sequence: [{sequence: {stages: [ideas], retry: &r {attempts: 3}}}, {sequence: {stages: [ideas], retry: *r}}]"
    )
    assert [each.card.retry.attempts for each in team_of(text).workflow().agents() if each.card.kind == "workflow"] == [
        3,
        3,
    ]


def test_a_spec_makes_the_same_pattern() -> None:
    inner = refine(newsroom.write, newsroom.judge, until=newsroom.good_enough, name="draft", retry=Retry(attempts=2))
    merge = parallel(newsroom.ideas, inner, merge=tree(cel("values[0]"), width=2))
    whole = sequence(newsroom.ideas, merge, "registered", inner, name="w", version="3", capabilities={"b", "a"})
    again = load(whole.spec(), agents=whole.agents())
    assert again.spec() == whole.spec()
    assert list(again.names()) == ["registered"]
    assert again.card == whole.card


def test_what_has_a_name_and_is_written_twice_is_one_pattern() -> None:
    inner = sequence(newsroom.ideas, name="inner")
    again = load(sequence(inner, inner).spec(), agents=[newsroom.ideas])
    one, other = [each for each in again.agents() if each.card.kind == "workflow"]
    assert one is other


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"sequence": {"stages": ["a", {"refine": {"writer": 5}}]}},
            "sequence.stages[1].refine: refine needs critic and until.",
        ),
        ({"sequence": {"stages": ["a"], "version": 2}}, "sequence.version: expected a text, got 2."),
        ({"sequence": {"stages": ["a"], "timeout": True}}, f"sequence.timeout: expected {TIME}, got True."),
        ({"sequins": ["a"]}, "sequins: there is no pattern 'sequins': did you mean sequence?"),
        ("sequence", "expected a pattern: a mapping of its name to its options, such as {sequence: [one, two]}."),
        ({}, "expected a pattern: a mapping of its name to its options, such as {sequence: [one, two]}."),
        ({"load": {"spec": "a"}}, "load: there is no pattern 'load': "),
    ],
)
def test_a_spec_with_mistakes_is_refused_with_the_way_to_them(spec: Any, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        load(spec)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("yaml", 'team.yaml cannot be read without PyYAML: pip install "podium[yaml]"'),
        ("cel", "team.yaml:14:14: refine.until: the rule 'verdict.score >= 0.9' needs CEL: pip install 'podium[yaml]'"),
    ],
)
def test_without_the_extra_it_says_what_to_install(missing: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "podium.patterns.loading.composed", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(PatternError) as caught:
        load_yaml(TEAM)
    assert str(caught.value) == message
