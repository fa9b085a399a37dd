"""Each mistake in a team is told with its line and column, and what to do."""

import pytest

from podium.errors import PatternError
from podium.model.duration import SPAN
from podium.patterns import load_yaml
from tests.unit.patterns import newsroom

HERE = "tests.unit.patterns.newsroom"
BROKEN = "tests.unit.patterns.broken_newsroom:judge"
STAGES = '[ideas, draft, it + "!"]'
TIME = SPAN.words
TEAM = f"""\
agents:
  ideas: {HERE}:ideas
  write: {HERE}:write
  judge: {HERE}:judge
  boss: {{human: {{to: editors, text: Good, answer: bool}}}}
workflows:
  factory:
    sequence: {STAGES}
  draft:
    refine:
      writer: write
      critic: judge
      until: verdict.score >= 0.9
      rounds: 4
run: factory
"""


def mistakes(text: str) -> list[str]:
    """Return all mistakes of a text."""
    with pytest.raises(PatternError) as caught:
        load_yaml(text)
    return str(caught.value).splitlines()


def placed(text: str) -> tuple[str, str]:
    """Return a text without its mark §, and where in it that stood."""
    before, mark, _ = text.partition("§")
    assert mark
    return text.replace("§", ""), f"team.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "


def test_the_team_that_is_spoilt_here_is_sound() -> None:
    assert load_yaml(TEAM).workflow().card.name == "factory"


UNTIL = "until: verdict.score >= 0.9"
ENDS = "after, all_of, any_of, confirmed, lasted, mentions, signalled, spent"


def refuses(right: str, wrong: str, message: str) -> None:
    """Spoil the team in one place; check that this alone is told, and, where § marks it, with its line and column."""
    assert right in TEAM
    spoilt = TEAM.replace(right, wrong)
    spoilt, place = placed(spoilt) if "§" in spoilt else (spoilt, "team.yaml:")
    (told,) = mistakes(spoilt)
    assert told.startswith(place), told
    assert f": {message}" in told


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("wrte", "refine.writer: nobody here is called 'wrte': did you mean write?"),
        ("zebra", "refine.writer: nobody here is called 'zebra': write it under `agents:`, or name it as module:name."),
        ("two words", "refine.writer: nobody here is called 'two words': "),
        ("null", "refine.writer: nobody here is called 'null': "),
        ("''", "refine.writer: nobody here is called '': "),
        ("[write]", "refine.writer: expected an agent, got a list."),
        ("factory", "refine.writer: a workflow cannot stand inside itself: factory → draft → factory."),
        (f"{HERE}:exclaim", f"refine.writer: {HERE}:exclaim is no agent: decorate it with @agent."),
        ("{a: 1, b: 2}", "refine.writer: expected a pattern: a mapping of one key, its name; got a, b."),
    ],
)
def test_an_agent_that_is_none(named: str, message: str) -> None:
    refuses("writer: write", f"writer: §{named}", message)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"{HERE}:jugde", f"{HERE} has no 'jugde': did you mean judge?"),
        (f"{HERE}:judge.gone", f"{HERE} has no 'judge.gone'."),
        ("tests.unit.patterns.nowsroom:judge", "there is no module 'tests.unit.patterns.nowsroom' on the path."),
        (BROKEN, "tests.unit.patterns.broken_newsroom cannot be imported: broken_newsroom.py:3: KeyError: 'gone'"),
        (f"{HERE}:exclaim", f"{HERE}:exclaim is no agent: decorate it with @agent."),
        (f"{HERE}:NUMBER", f"{HERE}:NUMBER is no agent: decorate it with @agent."),
        ("judge", "expected where the agent is: module:name, or {human: …}."),
        ("[judge]", "expected where the agent is: module:name, or {human: …}."),
    ],
)
def test_an_address_that_leads_nowhere(address: str, message: str) -> None:
    refuses(f"judge: {HERE}:judge", f"judge: §{address}", f"agents.judge: {message}")


def test_an_agent_under_another_name_than_its_own() -> None:
    message = f"agents.judge: {HERE}:publish is called 'publish': use that name here."
    refuses(f"judge: {HERE}:judge", f"§judge: {HERE}:publish", message)


def test_a_pattern_among_the_agents() -> None:
    message = "agents.judge: a pattern stands under `workflows:`."
    refuses(f"judge: {HERE}:judge", "§judge: {sequence: [write]}", message)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("bol", "builtins has no 'bol': did you mean bool?"),
        ("a b", "expected a type, such as str, or module:name; got 'a b'."),
        (f"{HERE}:NUMBER", f"expected a type, such as str, or module:name; got '{HERE}:NUMBER'."),
    ],
)
def test_a_type_that_is_none(answer: str, message: str) -> None:
    refuses("answer: bool", f"answer: §{answer}", f"agents.boss.human.answer: {message}")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("§roundz: 4", "roundz: refine has no option 'roundz': did you mean rounds?"),
        ("§x: 4", "x: refine has no option 'x': there is writer, critic, until, score, rounds, name, version, "),
        ("rounds: §four", "rounds: expected a whole number, got 'four'."),
        ("rounds: §4.5", "rounds: expected a whole number, got '4.5'."),
        ("rounds: §'4'", "rounds: expected a whole number, got '4'."),
        ("rounds: §{a: 4}", "rounds: expected a whole number, got a mapping."),
        (f"rounds: §1{'0' * 5000}", "rounds: expected a whole number, got '1000"),
        ("timeout: §soon", f"timeout: expected {TIME}, got 'soon'."),
        ("timeout: §yes", f"timeout: expected {TIME}, got 'yes'."),
        (f"timeout: §1{'0' * 400}", f"timeout: expected {TIME}, got '1000"),
        ("retry: {delay: §1m30}", f"retry.delay: expected {TIME}, got '1m30'."),
        ("retry: {kinds: [§bugs]}", "retry.kinds[0]: expected 'rate' or 'timeout' or 'transport' or "),
        ("retry: {§atempts: 2}", "retry.atempts: Retry has no option 'atempts': did you mean attempts?"),
        ("§name: x", "name: its name is 'draft' already: leave this out."),
    ],
)
def test_an_option_that_does_not_fit(option: str, message: str) -> None:
    refuses("rounds: 4", option, f"refine.{message}")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (f"§{HERE}:write", f"{HERE}:write is an agent, and here stands a plain function or a rule in CEL."),
        (f"§{HERE}:NUMBER", f"{HERE}:NUMBER is int, where a rule or a mapping is expected."),
        ("§[a]", "expected a rule or a mapping, got a list: it stands under all_of or any_of."),
        (
            "§{lasted: 1h, spent: 3}",
            f"expected a mapping of one key, of {ENDS}; got lasted, spent. Several stand",
        ),
        ("§{}", "expected a mapping of one key, of after, all_of, "),
        ("§after(3)", "after is no function of CEL: write it as a mapping, {after: …}."),
        ("§mentions('DONE') | after(3)", "mentions is no function of CEL: write it as a mapping, {mentions: …}."),
        ("§!verdict", "!verdict is a tag, which has no meaning here: put a text that begins with ! in quotes."),
        ("§draft.score > 1", "the rule 'draft.score > 1' uses draft: here it may use verdict."),
        ("verdict.score >= 0.9 §)", "the rule 'verdict.score >= 0.9 )' is no CEL expression: Syntax error"),
        ("'verdict.score >= 0.9 §)'", "the rule 'verdict.score >= 0.9 )' is no CEL expression: Syntax error"),
        ('"verdict.score >= 0.9 §)"', "the rule 'verdict.score >= 0.9 )' is no CEL expression: Syntax error"),
        ('§"verdict.score\\x20)"', "the rule 'verdict.score )' is no CEL expression: 1:15: Syntax error"),
        ("§|\n        verdict >\n        1 )", r"the rule 'verdict >\n1 )\n' is no CEL expression: 2:3: Syntax error"),
    ],
)
def test_a_rule_that_is_none_is_told_at_the_place_inside_it_where_that_is_known(rule: str, message: str) -> None:
    refuses(UNTIL, f"until: {rule}", f"refine.until: {message}")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("    refine:", "    §refien:", "refien: there is no pattern 'refien': did you mean refine?"),
        ("    refine:", "    §zzz:", "zzz: there is no pattern 'zzz': there is "),
        ("    refine:", "    §human:", "human: there is no pattern 'human': there is "),
        ("      critic: judge\n", "", "refine: refine needs critic."),
        (UNTIL, "until: {§signaled: x}", "refine.until.signaled: there is no 'signaled' here: did you mean signalled?"),
        (UNTIL, "until: {§xyz: x}", "refine.until.xyz: there is no 'xyz' here: there is after, all_of, "),
        ("critic: judge", "critic:§", "refine.critic: expected an agent, got nothing."),
        ("{to: editors, ", "{", "agents.boss.human: human needs to."),
        ("rounds: 4", "rounds: §0", "refine.rounds: refine was given rounds=0: expected at least 1."),
        (
            "rounds: 4",
            "rounds: 4\n    §version: 2",
            "version: version stands beside refine: the options of refine stand ",
        ),
        (f"sequence: {STAGES}", "§[]", "workflows.factory: expected a pattern: a mapping of its name to its options"),
        (STAGES, "§ideas", "sequence: expected a mapping of the options of sequence (stages, name, "),
        (STAGES, "", "sequence: sequence needs at least 1 stage, got 0."),
    ],
)
def test_a_pattern_that_is_none(right: str, wrong: str, message: str) -> None:
    refuses(right, wrong, message)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("run: factory", "run: §factroy", "run: there is no workflow 'factroy': did you mean factory?"),
        ("run: factory", "run: §[draft]", "run: expected the name of a workflow."),
        ("run: factory", "§rnu: factory", "rnu: a team has no 'rnu': did you mean run?"),
        ("run: factory", "§zzz: 1", "zzz: a team has no 'zzz': it has agents, workflows and run."),
        ("  draft:", "  §write:", "workflows.write: write is an agent already, in line 3."),
        ("  judge:", "  §write:", "agents.write: write is there twice; the first is in line 3."),
        ("rounds: 4", "§[a, b]: 4", "refine: a key is a text: put one that begins with [ or { in quotes."),
        (
            "writer: write",
            "writer: write§: b",
            "this is no YAML: mapping values are not allowed here. Put a text with a c",
        ),
        ("      rounds", "      §@rounds", "this is no YAML: while scanning for the next token, found character '@'"),
        ("      rounds", "§\trounds", "this is no YAML: while scanning for the next token, found character '\\t'"),
        ("rounds: 4", "rounds: '§\a'", "this is no YAML: special characters are not allowed."),
        ("rounds: 4", "rounds: §*gone", "this is no YAML: found undefined alias 'gone'."),
    ],
)
def test_a_file_that_is_not_well_formed(right: str, wrong: str, message: str) -> None:
    refuses(right, wrong, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the file is empty: a team has `workflows:`."),
        ("- a", "1:1: expected a mapping with `agents:` and `workflows:`."),
        ("agents: {}", "1:1: a team needs `workflows:`, a mapping of names to patterns."),
        ("workflows:", "1:1: workflows: there is no workflow: write one as a name, and a pattern under it."),
        ("workflows: x", "1:12: workflows: expected a mapping of names."),
        ("workflows: {}\n---\nworkflows: {}", "2:1: this is no YAML: expected a single document in the stream, "),
        ('workflows: "\\UFFFFFFFF"', "1:1: this is no YAML: "),
        ("workflows: {w: " + "[" * 60 + "]" * 60 + "}", "1:65: workflows.w[0][0]"),
        ("[" * 2000, "1:1: this is no YAML: "),
        ("workflows: &a [*a]", "1:12: workflows[0][0]"),
        ("workflows: {w: {sequence: [a]}}\nagents: [a]", "2:9: agents: expected a mapping of names."),
    ],
)
def test_a_file_that_is_no_team_is_refused(text: str, message: str) -> None:
    (told,) = mistakes(text)
    assert told.startswith(f"team.yaml:{message}")


def test_fields_that_are_those_of_no_part() -> None:
    text = "workflows:\n  w:\n    adaptive: {single: a, analyst: a, rule: {parallel: a, centralised: a}}\n"
    with pytest.raises(
        PatternError, match=r"team.yaml:3:45: adaptive.rule: expected a mapping of options, those of Scal"
    ):
        load_yaml(text, agents={"a": newsroom.ideas})


def test_aliases_cannot_blow_a_small_file_up() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (told,) = mistakes("\n".join(["a0: &a0 x", *levels]))
    assert "this is nested deeper than 50, or has more than 20,000 parts." in told


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file_and_each_once() -> None:
    spoilt = (
        TEAM.replace(":judge", ":jugde")
        .replace("rounds: 4", "rounds: four\n      scroe: 1")
        .replace("[ideas", "[idaes")
    )
    assert [line.split(": ")[0] for line in mistakes(spoilt)] == [
        "team.yaml:4:10",
        "team.yaml:8:16",
        "team.yaml:14:15",
        "team.yaml:15:7",
    ]


def test_the_name_of_the_file_is_that_of_its_source() -> None:
    with pytest.raises(PatternError, match=r"^desk\.yml:1:1: "):
        load_yaml("", source="desk.yml")
