"""The content factory, in Python and in YAML, as real processes with a person in the middle."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.cli import Desk, Ended

FACTORY = Path(__file__).parents[2] / "examples" / "content_factory"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    shutil.copytree(FACTORY, tmp_path / "factory", ignore=shutil.ignore_patterns("__pycache__", "site"))
    return Desk(tmp_path)


def run(desk: Desk, file: str, *arguments: str) -> Ended:
    return desk.podium("run", f"factory/{file}", *arguments)


def approved(desk: Desk, file: str, to: str = "editor-in-chief") -> Ended:
    """Answer what the run waits for, and let it go on."""
    (question,) = desk.podium("inbox", "list", "--json").json
    assert question["to"] == to
    assert desk.podium("inbox", "answer", question["question"], "yes", "--by", "ada").status == 0
    return run(desk, file, "--resume", question["run"])


def page(desk: Desk) -> str:
    return (desk.folder / "site" / "rain-barrel.md").read_text(encoding="utf-8")


def publish(desk: Desk, file: str) -> str:
    assert run(desk, file, "--input", '"garden"').status == 3
    assert not (desk.folder / "site").exists()
    assert approved(desk, file).status == 0
    text = page(desk)
    shutil.rmtree(desk.folder / "site")
    return text


def test_python_and_yaml_publish_the_same_page(desk: Desk) -> None:
    written = publish(desk, "factory.py")
    assert written.startswith("# Rain barrel: lid and tap\n")
    assert "on 35 square metres brings 420 litres. [" in written
    assert publish(desk, "factory.yaml") == written


def test_what_the_sources_do_not_say_is_sent_back_once_and_only_once(desk: Desk) -> None:
    run(desk, "factory.py", "--input", '"garden"')
    tree = desk.podium("runs", "show", desk.only_run()).out
    assert (tree.count("write"), tree.count("check_facts")) == (2 + 1, 2 + 1)  # in the gate's own name too


def test_with_its_drafts_used_up_an_editor_is_asked(desk: Desk) -> None:
    file = desk.folder / "factory" / "factory.yaml"
    file.write_text(file.read_text().replace("rounds: 3", "rounds: 1"))
    assert run(desk, "factory.yaml", "--input", '"garden"').status == 3
    (question,) = desk.podium("inbox", "list", "--json").json
    assert question["to"] == "editors"
    assert "rain-barrels does not say 10, 40, 400" in desk.podium("inbox", "show", question["question"]).out


def test_a_rejected_article_is_not_published(desk: Desk) -> None:
    run(desk, "factory.py", "--input", '"garden"')
    (question,) = desk.podium("inbox", "list", "--json").json
    desk.podium("inbox", "answer", question["question"], '{"approved": false, "comment": "not now"}', "--by", "ada")
    ended = run(desk, "factory.py", "--resume", question["run"])
    assert ended.status == 1
    assert "not now" in ended.err
    assert not (desk.folder / "site").exists()


def test_both_files_stay_under_a_hundred_lines() -> None:
    assert all(len((FACTORY / name).read_text().splitlines()) < 100 for name in ("factory.py", "factory.yaml"))
