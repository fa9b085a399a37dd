"""A team in YAML in real processes: it is run, drawn, checked and gone on with as a Python file is."""

import re
from pathlib import Path

import pytest

from tests.e2e.cli import Desk, Ended

STAFF = """
from dataclasses import dataclass

from podium import agent

@dataclass
class Verdict:
    score: float

@agent
async def ideas(topic: str) -> str:
    with open("witness.txt", "a") as file:
        file.write(topic + "\\n")
    return f"All about {topic}"

@agent
async def write(task: str, draft: str = "") -> str:
    return f"{draft}{task}."

@agent
async def judge(draft: str) -> Verdict:
    return Verdict(score=draft.count("."))

def printed(text: str) -> str:
    return f"printed: {text}"
"""
TEAM = """\
agents:
  ideas: factory.staff:ideas
  write: factory.staff:write
  judge: factory.staff:judge
  boss: {human: {to: editors, text: Print it, answer: bool}}
workflows:
  article:
    sequence: [ideas, draft, factory.staff:printed]
  draft:
    refine:
      writer: write
      critic: judge
      until: verdict.score >= 2
  asking:
    sequence: [ideas, boss, "it ? 'printed' : 'left'"]
run: article
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("desk/team.yaml", TEAM)
    desk.write("desk/factory/staff.py", STAFF)
    return desk


def refused(ended: Ended) -> list[str]:
    """Return the lines of what was said on standard error."""
    assert ended.status == 1, ended
    return ended.err.splitlines()


def test_the_workflow_under_run_is_run_and_modules_are_found_beside_the_file(desk: Desk) -> None:
    ended = desk.podium("run", "desk/team.yaml", "--input", '"tea"')
    assert (ended.status, ended.out) == (0, "printed: All about tea.All about tea.\n")


def test_another_workflow_is_run_by_its_name(desk: Desk) -> None:
    assert desk.podium("run", "desk/team.yaml:draft", "--input", '"tea"').out == "tea.tea.\n"


def test_a_run_that_waits_for_a_person_goes_on_after_the_answer(desk: Desk) -> None:
    parked = desk.podium("run", "desk/team.yaml:asking", "--input", '"tea"')
    (question,) = desk.podium("inbox", "list", "--json").json
    assert parked.status == 3
    assert f"podium run desk/team.yaml:asking --resume {desk.only_run()}" in parked.err
    assert desk.podium("inbox", "answer", question["question"], "true", "--by", "ann").status == 0
    resumed = desk.podium("run", "desk/team.yaml", "--resume", desk.only_run())
    assert (resumed.status, resumed.out) == (0, "printed\n")
    assert desk.lines("witness.txt") == ["tea"]


def test_work_drives_the_runs_of_a_team(desk: Desk) -> None:
    desk.podium("run", "desk/team.yaml:asking", "--input", '"tea"')
    (question,) = desk.podium("inbox", "list", "--json").json
    desk.podium("inbox", "answer", question["question"], "false", "--by", "ann")
    assert desk.podium("work", "desk/team.yaml").out == "1 done\n"


def test_a_failed_run_is_retried_with_the_team_that_was_mended(desk: Desk) -> None:
    desk.write("desk/factory/staff.py", STAFF.replace('return f"All', 'raise ValueError("no idea")\n    return f"All'))
    assert desk.podium("run", "desk/team.yaml", "--input", '"tea"').status == 1
    desk.write("desk/factory/staff.py", STAFF)
    retried = desk.podium("runs", "retry", "last", "--file", "desk/team.yaml")
    assert (retried.status, retried.out) == (0, "printed: All about tea.All about tea.\n")


def test_each_line_of_a_file_is_done_by_a_team(desk: Desk) -> None:
    desk.write("items.jsonl", '"tea"\n"rain"\n')
    ended = desk.podium("run", "desk/team.yaml:draft", "--each", "items.jsonl", "--concurrency", "1")
    assert (ended.status, "2 done: items.results.jsonl" in ended.out) == (0, True)


def test_a_workflow_is_drawn_with_those_inside_it(desk: Desk) -> None:
    drawn = desk.podium("graph", "desk/team.yaml").out.splitlines()
    assert drawn[:4] == [
        "flowchart TD",
        '    subgraph g1["sequence article"]',
        '        n2["ideas"]',
        '        subgraph g3["refine draft"]',
    ]


def test_validate_prints_agents_and_workflows_with_their_types(desk: Desk) -> None:
    ended = desk.podium("validate", "desk/team.yaml")
    assert (ended.status, ended.err) == (0, "")
    rows = [re.split(" {2,}", line) for line in ended.out.splitlines()]
    assert [rows[number] for number in (0, 2, 4, 5)] == [
        ["NAME", "KIND", "TAKES", "GIVES"],
        ["write", "function", "task: str, draft: str", "str"],
        ["boss", "human", "JSON", "bool"],
        ["article", "sequence", "str", "JSON"],
    ]


def test_validate_prints_json_for_programs(desk: Desk) -> None:
    found = desk.podium("validate", "desk/team.yaml", "--json").json
    assert {"name": "draft", "kind": "refine", "takes": "str", "gives": "str"} in found["agents"]
    assert found["mistakes"] == []


def test_validate_tells_all_mistakes_with_line_and_column(desk: Desk) -> None:
    desk.write(
        "desk/team.yaml", TEAM.replace("[ideas, draft", "[ideas, darft").replace("critic: judge", "critc: judge")
    )
    ended = desk.podium("validate", "desk/team.yaml")
    assert ended.out == ""
    assert refused(ended) == [
        "desk/team.yaml:8:23: sequence[1]: nobody here is called 'darft': did you mean draft?",
        "desk/team.yaml:10:5: refine: refine needs critic.",
        "desk/team.yaml:12:7: refine.critc: refine has no option 'critc': did you mean critic?",
        "error: desk/team.yaml has 3 mistakes.",
    ]
    as_json = desk.podium("validate", "desk/team.yaml", "--json")
    assert (as_json.status, len(as_json.json["mistakes"])) == (1, 3)


def test_run_stops_at_the_first_mistake_and_says_how_many_there_are(desk: Desk) -> None:
    desk.write("desk/team.yaml", TEAM.replace("writer: write", "writer: writ").replace("score >= 2", "score >="))
    assert refused(desk.podium("run", "desk/team.yaml", "--input", '"tea"')) == [
        (
            "error: desk/team.yaml:11:15: refine.writer: nobody here is called 'writ': did you mean write? "
            "(1 more: podium validate desk/team.yaml)"
        )
    ]
    assert not (desk.folder / ".podium").exists()


@pytest.mark.parametrize("command", [("run",), ("graph",), ("work",)])
def test_a_mistake_is_told_in_one_line_by_every_command(desk: Desk, command: tuple[str, ...]) -> None:
    desk.podium("run", "desk/team.yaml", "--input", '"tea"')
    desk.write("desk/team.yaml", TEAM.replace("staff:judge", "staff:jugde"))
    message = "error: desk/team.yaml:4:10: agents.judge: factory.staff has no 'jugde': did you mean judge?"
    assert refused(desk.podium(*command, "desk/team.yaml")) == [message]


def test_a_name_that_is_not_in_the_team(desk: Desk) -> None:
    assert refused(desk.podium("run", "desk/team.yaml:drift")) == [
        "error: desk/team.yaml has no workflow 'drift'. Workflows there: article, asking, draft."
    ]


def test_several_workflows_of_which_none_is_named(desk: Desk) -> None:
    desk.write("desk/team.yaml", TEAM.replace("run: article\n", ""))
    assert refused(desk.podium("run", "desk/team.yaml")) == [
        "error: desk/team.yaml has several workflows: article, asking, draft. Name one: desk/team.yaml:NAME"
    ]


def test_a_file_that_is_no_text(desk: Desk) -> None:
    (desk.folder / "team.yml").write_bytes(b"\xff\xfe\x00")
    assert refused(desk.podium("run", "team.yml")) == ["error: team.yml is no text in UTF-8."]


PYTHON = """
from podium import Context, agent, workflow
from podium.patterns import sequence

@agent
async def shout(text: str) -> str:
    return text.upper()

@workflow
async def plain(ctx: Context) -> None:
    pass

loud = sequence(shout, name="loud")
"""


def test_validate_looks_at_a_python_file_too(desk: Desk) -> None:
    desk.write("team.py", PYTHON)
    ended = desk.podium("validate", "team.py")
    assert [line.split() for line in ended.out.splitlines()[1:]] == [
        ["shout", "function", "str", "str"],
        ["plain", "workflow", "None", "None"],
        ["loud", "sequence", "str", "str"],
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("1 / 0\n", "team.py cannot be loaded: team.py:15: ZeroDivisionError: division by zero"),
        (
            'asking = sequence("nobody", name="asking")\n',
            (
                "team.py: asking: no agent is called 'nobody'. Registered: asking, loud, plain, shout. "
                "Add it with app.register(agent)."
            ),
        ),
        (
            'twice = sequence(sequence(shout, name="loud"), name="twice")\n',
            "team.py: two agents are called 'loud' version '1'. Give one another name or version.",
        ),
    ],
)
def test_validate_tells_what_a_run_would_be_refused_for(desk: Desk, more: str, message: str) -> None:
    desk.write("team.py", f"{PYTHON}\n{more}")
    assert refused(desk.podium("validate", "team.py")) == [message, "error: team.py has 1 mistake."]


def test_doctor_knows_the_extra(desk: Desk) -> None:
    assert "teams in YAML and rules in CEL: installed" in desk.podium("doctor").out
