"""Each mistake of a user is told in one sentence with the next step, never as a traceback."""

import sqlite3
from pathlib import Path

import pytest

from tests.e2e.cli import Desk, Ended

TEAM = """
from pydantic import BaseModel
from podium import Context, agent, workflow

class Ticket(BaseModel):
    text: str
    customer: int

@agent
async def read(ticket: Ticket) -> str:
    return ticket.text

@workflow
async def team(ctx: Context, ticket: Ticket) -> str:
    return await ctx.call(read, ticket)
"""
GOOD = '{"text": "hello", "customer": 1}'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("team.py", TEAM)
    return desk


def refused(ended: Ended, status: int = 1) -> str:
    """Return the one line of an error."""
    assert ended.status == status, ended
    assert ended.out == ""
    lines = [line for line in ended.err.splitlines() if not line.startswith("run run_")]
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "team.py", "--within", "abc"),
        ("runs", "list", "--since", "soon"),
        ("store", "prune", "--older-than", "abc", "--why", "old"),
        ("delegate", "grant", "--by", "a", "--to", "b", "--expires", "abc"),
    ],
)
def test_a_time_that_is_none(desk: Desk, arguments: tuple[str, ...]) -> None:
    ended = desk.podium(*arguments)
    assert ended.status == 2
    assert "Traceback" not in ended.err


def test_a_file_that_is_not_there(desk: Desk) -> None:
    message = "there is no file teem.py. Give the path of a Python or YAML file, or of a folder with workflow.py."
    assert refused(desk.podium("run", "teem.py")) == message


def test_a_folder_without_a_workflow_file(desk: Desk) -> None:
    (desk.folder / "empty").mkdir()
    assert refused(desk.podium("run", "empty")) == "the folder empty has no workflow.py. Name the file: empty/FILE.py"


def test_a_file_that_is_neither_python_nor_yaml(desk: Desk) -> None:
    desk.write("notes.txt", "x")
    message = "notes.txt is neither Python nor YAML: expected FILE.py, FILE.yaml or a folder with workflow.py."
    assert refused(desk.podium("run", "notes.txt")) == message


def test_a_name_that_is_not_in_the_file(desk: Desk) -> None:
    message = "team.py has no workflow 'tam'. Workflows there: team."
    assert refused(desk.podium("run", "team.py:tam")) == message


def test_an_agent_where_a_workflow_is_wanted(desk: Desk) -> None:
    message = "read in team.py is an agent, not a workflow: only a workflow can be started."
    assert refused(desk.podium("run", "team.py:read")) == message


def test_a_file_with_several_workflows_and_no_name(desk: Desk) -> None:
    desk.write("two.py", TEAM + "\n@workflow\nasync def other(ctx: Context) -> None:\n    pass\n")
    assert refused(desk.podium("run", "two.py")) == "two.py has several workflows: other, team. Name one: two.py:NAME"


def test_a_file_without_workflows(desk: Desk) -> None:
    desk.write("none.py", "x = 1\n")
    assert (
        refused(desk.podium("run", "none.py")) == "none.py has no workflow at its top level: write one with @workflow."
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import os\n\nx = 1 / 0\n", "bad.py:3: ZeroDivisionError: division by zero"),
        ("def f(:\n", "bad.py:1: SyntaxError: invalid syntax"),
        ("import nowhere_at_all\n", "bad.py:1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import helper\n", "helper.py:2: KeyError: 'gone'"),
        (
            "raise SystemExit(4)\n",
            "bad.py:1: it called sys.exit(4). Put what must not run on import under `if __name__ == '__main__':`",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_with_its_line(desk: Desk, source: str, message: str) -> None:
    desk.write("bad.py", source)
    desk.write("helper.py", "\n{}['gone']\n")
    assert refused(desk.podium("run", "bad.py")) == f"bad.py cannot be loaded: {message}"


def test_two_agents_of_one_name(desk: Desk) -> None:
    desk.write(
        "twice.py", TEAM + "\n@agent(name='read')\nasync def read_again(ticket: Ticket) -> str:\n    return ''\n"
    )
    message = "two agents are called 'read' version '1'. Give one another name or version."
    assert refused(desk.podium("run", "twice.py", "--input", GOOD)) == message


def test_input_that_is_no_json(desk: Desk) -> None:
    message = "the input is no JSON: Expecting value at line 1, column 1. A text stands in double quotes: '\"hello\"'."
    assert refused(desk.podium("run", "team.py", "--input", "hello")) == message


def test_input_that_does_not_fit(desk: Desk) -> None:
    said = refused(desk.podium("run", "team.py", "--input", '{"text": "hello"}'))
    assert said.startswith("the input does not fit team: expected Ticket: `customer`: field required. It takes: {")


def test_no_input_where_one_is_needed(desk: Desk) -> None:
    said = refused(desk.podium("run", "team.py"))
    assert said.startswith("the input does not fit team: expected Ticket: ")
    assert "Give it with: podium run team.py --input JSON." in said


def test_an_input_file_that_is_not_there(desk: Desk) -> None:
    message = "the input file gone.json cannot be read: No such file or directory."
    assert refused(desk.podium("run", "team.py", "--input", "@gone.json")) == message


def test_options_that_exclude_each_other(desk: Desk) -> None:
    message = "--input, --each and --resume exclude each other. Give one of them."
    assert refused(desk.podium("run", "team.py", "--input", "1", "--each", "x"), 2) == message


def test_a_setting_without_a_value(desk: Desk) -> None:
    assert refused(desk.podium("run", "team.py", "--set", "TONE"), 2) == "--set 'TONE' is not KEY=VALUE."


def test_items_of_which_some_are_no_input_start_nothing(desk: Desk) -> None:
    desk.write("items.jsonl", f'{GOOD}\n{{"text": 1}}\nnonsense\n')
    said = refused(desk.podium("run", "team.py", "--each", "items.jsonl"))
    assert "items.jsonl:2 does not fit team: expected Ticket: " in said
    assert "items.jsonl:3 is no JSON: Expecting value at line 1, column 1." in said
    assert said.endswith("Nothing was started: mend or remove these lines.")
    assert not (desk.folder / ".podium").exists()


def test_items_that_are_not_there(desk: Desk) -> None:
    message = "the items gone.jsonl cannot be read: No such file or directory."
    assert refused(desk.podium("run", "team.py", "--each", "gone.jsonl")) == message


def test_results_that_would_overwrite_the_items(desk: Desk) -> None:
    desk.write("items.jsonl", GOOD)
    message = "--out items.jsonl would overwrite the items. Name another file."
    assert refused(desk.podium("run", "team.py", "--each", "items.jsonl", "--out", "items.jsonl"), 2) == message


def test_results_in_a_folder_that_is_not_there(desk: Desk) -> None:
    desk.write("items.jsonl", GOOD)
    message = "the folder of --out gone/out.jsonl does not exist. Create it, or name another file."
    assert refused(desk.podium("run", "team.py", "--each", "items.jsonl", "--out", "gone/out.jsonl")) == message


@pytest.mark.parametrize(
    "command",
    [("show",), ("tail",), ("cancel",), ("verify",), ("retry",), ("signal", "go"), ("fork", "0"), ("repin", "2")],
    ids=lambda command: command[0],
)
def test_a_run_that_is_not_there(desk: Desk, command: tuple[str, ...]) -> None:
    desk.podium("run", "team.py", "--input", GOOD)
    more = {"fork": ["--from", "0", "--file", "team.py"], "repin": ["--to", "2", "--file", "team.py"]}
    arguments = [command[0], "run_o", *more.get(command[0], command[1:])]
    said = refused(desk.podium("runs", *arguments))  # no id has an o: else it might be how one begins
    assert said == "no run is called 'run_o'. `podium runs list` shows those there are."


def test_a_run_of_another_file(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", GOOD)
    desk.write(
        "other.py", "from podium import Context, workflow\n\n@workflow\nasync def o(ctx: Context) -> None:\n    pass\n"
    )
    run = desk.only_run()
    message = f"run {run} is of workflow 'team', which other.py does not have."
    assert refused(desk.podium("run", "other.py", "--resume", run)) == message


def test_a_question_that_is_not_there(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", GOOD)
    message = "no question is called 'q_o'. `podium inbox list` shows those there are."
    assert refused(desk.podium("inbox", "answer", "q_o", "yes")) == message
    assert refused(desk.podium("inbox", "show", "q_o")) == message


@pytest.mark.parametrize(
    "command",
    [("runs", "list"), ("runs", "show", "run_o"), ("inbox", "list"), ("work", "team.py"), ("runs", "cancel", "r")],
)
def test_a_store_that_is_not_there_yet(desk: Desk, command: tuple[str, ...]) -> None:
    message = "there is no store at gone.db yet. `podium run` makes one; --store names another."
    assert refused(desk.podium(*command, "--store", "gone.db")) == message
    assert not (desk.folder / "gone.db").exists()


def test_a_store_that_is_a_folder(desk: Desk) -> None:
    (desk.folder / "box").mkdir()
    assert (
        refused(desk.podium("runs", "list", "--store", "box")) == "box is a folder. Name the store's file with --store."
    )


def test_a_store_that_is_no_database(desk: Desk) -> None:
    desk.write("not.db", "this is a text, and a long enough one to be no header of SQLite" * 20)
    message = "not.db is not a Podium store: it is no SQLite file. Name another file with --store."
    assert refused(desk.podium("runs", "list", "--store", "not.db")) == message
    assert refused(desk.podium("run", "team.py", "--input", GOOD, "--store", "not.db")) == message


def test_a_store_of_another_program(desk: Desk) -> None:
    with sqlite3.connect(desk.folder / "other.db") as connection:
        connection.execute("CREATE TABLE songs (name)")
    connection.close()
    message = "other.db is not a Podium store: it is the SQLite file of another program. Name another file."
    assert refused(desk.podium("runs", "list", "--store", "other.db")) == message


def test_a_store_that_was_cut_off(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", GOOD)
    path = desk.folder / ".podium/podium.db"
    path.write_bytes(path.read_bytes()[:20_000])
    said = refused(desk.podium("runs", "show", "run_o"))
    assert said.startswith("the store .podium/podium.db is damaged (")
    assert said.endswith("Run `podium doctor`, or restore a backup.")
    diagnosed = desk.podium("doctor")
    assert diagnosed.status == 1
    assert "WRONG  the store .podium/podium.db is damaged" in diagnosed.out


def test_a_store_that_is_read_only(desk: Desk) -> None:
    desk.podium("run", "team.py", "--input", GOOD)
    (desk.folder / ".podium/podium.db").chmod(0o444)
    said = refused(desk.podium("run", "team.py", "--input", GOOD, almighty=False))
    assert said == "the store .podium/podium.db is read-only. Make it writable, or name another file with --store."


def test_a_setting_that_does_not_exist(desk: Desk) -> None:
    desk.write("podium.toml", "[podium]\nslot = 1\n")
    said = refused(desk.podium("run", "team.py", "--input", GOOD))
    assert "sets 'slot', which does not exist. Settings: " in said


def test_a_run_that_failed_is_an_error_with_the_next_step(desk: Desk) -> None:
    desk.write("fails.py", TEAM.replace("return ticket.text", "raise ValueError('no text')"))
    said = refused(desk.podium("run", "fails.py", "--input", GOOD))
    run = desk.only_run()
    assert said.startswith(f"run {run} failed: CallFailed: read failed at 0: ValueError: no text")
    assert said.endswith(f". See `podium runs show {run}`.")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("dance",), "No such command 'dance'. See `podium --help`."),
        (("runs", "show"), "Missing argument 'RUN'. See `podium runs show --help`."),
        (("runs", "list", "--state", "asleep"), "Invalid value for '--state'"),
        (("run", "team.py", "--colour"), "No such option: --colour"),
        (("runs",), "Missing command. See `podium runs --help`."),
    ],
)
def test_a_command_that_is_mistyped(desk: Desk, command: tuple[str, ...], message: str) -> None:
    ended = desk.podium(*command)
    assert ended.status == 2
    assert ended.err.startswith(f"error: {message}")
    assert len(ended.err.splitlines()) == 1


def test_debug_shows_where_an_error_came_from(desk: Desk) -> None:
    ended = desk.podium("run", "team.py:tam", "--debug")
    assert ended.status == 1
    assert "Traceback (most recent call last)" in ended.err
    assert ended.err.splitlines()[-1] == "error: team.py has no workflow 'tam'. Workflows there: team."


def test_a_project_that_cannot_be_written(desk: Desk) -> None:
    message = "the project cannot be written to team.py/x: Not a directory. Name another folder."
    assert refused(desk.podium("init", "team.py/x")) == message


def test_a_graph_of_nothing(desk: Desk) -> None:
    assert refused(desk.podium("graph")) == "nothing to draw: name FILE[:NAME], or a run with --run RUN."
