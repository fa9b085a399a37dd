"""What each tool really printed about one small project is read as it should be."""

from pathlib import Path

import pytest

from reviewing import linter, security, suite, type_checker
from reviewing.finding import Finding, Severity
from reviewing.program import NotInstalled
from reviewing.project import Project

RECORDED = Path(__file__).parent / "recorded"
ROOT = Path("/project")


def recorded(name: str) -> str:
    return (RECORDED / name).read_text(encoding="utf-8")


def places(findings: list[Finding]) -> list[tuple[str, str, int | None, Severity]]:
    return [(each.rule, each.file, each.line, each.severity) for each in findings]


def project(root: Path) -> Project:
    return Project(root=str(root), venv=None, apart=[], model=None, report="report.md")


def test_ruff_is_read() -> None:
    found = linter.findings(recorded("ruff.json"), ROOT)
    assert places(found) == [
        ("F401", "src/shop/cart.py", 1, Severity.MEDIUM),
        ("S602", "src/shop/cart.py", 14, Severity.MEDIUM),
        ("F821", "src/shop/cart.py", 15, Severity.HIGH),
    ]
    assert found[0].message == "`os` imported but unused"


def test_mypy_is_read() -> None:
    found = type_checker.mypy_findings(recorded("mypy.jsonl"))
    assert places(found) == [
        ("return-value", "src/shop/cart.py", 10, Severity.MEDIUM),
        ("name-defined", "src/shop/cart.py", 15, Severity.HIGH),
    ]


def test_pyright_counts_lines_from_one_and_tells_the_first_line_of_its_message() -> None:
    found = type_checker.pyright_findings(recorded("pyright.json"), ROOT)
    assert places(found) == [
        ("reportReturnType", "src/shop/cart.py", 10, Severity.MEDIUM),
        ("reportUndefinedVariable", "src/shop/cart.py", 15, Severity.HIGH),
    ]
    assert found[0].message == 'Type "int" is not assignable to return type "str"'


def test_bandit_is_read_without_the_asserts_of_tests() -> None:
    assert '"B101"' in recorded("bandit.json")
    assert places(security.findings(recorded("bandit.json"))) == [
        ("B404", "src/shop/cart.py", 2, Severity.LOW),
        ("B602", "src/shop/cart.py", 14, Severity.HIGH),
    ]


def test_a_file_that_bandit_could_not_read_is_told() -> None:
    assert security.unread(recorded("bandit.json")) == [
        ("tests/unreadable.py", "syntax error while parsing AST from file")
    ]


def test_a_failed_test_is_placed_at_the_deepest_line_of_the_project(tmp_path: Path) -> None:
    for name in ("test_cart.py", "test_broken.py"):
        (tmp_path / "tests").mkdir(exist_ok=True)
        (tmp_path / "tests" / name).touch()
    broken, failed = suite.findings(recorded("pytest.xml"), tmp_path)
    assert (broken.rule, broken.file, broken.line) == ("test-error", "tests/test_broken.py", 1)
    assert broken.message.endswith("ModuleNotFoundError: No module named 'nothing_here'")
    assert (failed.rule, failed.file, failed.line) == ("test-failure", "tests/test_cart.py", 5)
    assert failed.message == "tests/test_cart.py::test_total_adds_up: assert 1.5 == 3.0"


def test_a_failure_outside_the_project_is_placed_at_the_test(tmp_path: Path) -> None:
    _, failed = suite.findings(recorded("pytest.xml"), tmp_path)
    assert (failed.file, failed.line) == ("tests/test_cart.py", 4)


def test_the_summary_counts_the_tests() -> None:
    assert suite.summary(recorded("pytest.xml")) == "2 tests: 1 failed, 1 could not run, 0 skipped."


@pytest.mark.parametrize(
    ("file", "text", "checker"),
    [
        ("pyproject.toml", "[tool.mypy]\nstrict = true\n", "mypy"),
        ("pyproject.toml", "[tool.pyright]\nstrict = ['src']\n", "pyright"),
        ("mypy.ini", "[mypy]\n", "mypy"),
        ("pyrightconfig.json", "{}", "pyright"),
    ],
)
def test_the_configured_type_checker_is_chosen(tmp_path: Path, file: str, text: str, checker: str) -> None:
    (tmp_path / file).write_text(text)
    assert type_checker.choose(project(tmp_path)) == checker


def test_without_any_type_checker_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(NotInstalled, match="pip install mypy"):
        type_checker.choose(project(tmp_path))
