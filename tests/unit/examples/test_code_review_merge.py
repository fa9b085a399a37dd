"""What several tools say about one place becomes one finding, and the judge says why it stands where it stands."""

from dataclasses import replace

from reviewing.finding import Finding, Severity
from reviewing.judge import Evidence, judge
from reviewing.merge import Merged, merge

RUFF = Finding(
    tool="ruff", rule="F821", message="Undefined name `x`", file="a.py", line=3, severity=Severity.HIGH, confidence=0.9
)
MYPY = replace(RUFF, tool="mypy", rule="name-defined", message='Name "x" is not defined', confidence=0.8)


def merged(*findings: Finding) -> list[Merged]:
    return merge(list(findings))


def test_two_tools_that_mean_the_same_make_one_finding_with_both_sources() -> None:
    [one] = merged(RUFF, MYPY)
    assert one.sources == ["mypy name-defined", "ruff F821"]


def test_independent_witnesses_make_a_finding_surer() -> None:
    [one] = merged(RUFF, MYPY)
    assert one.finding.confidence == 0.98


def test_the_worst_severity_counts() -> None:
    [one] = merged(replace(RUFF, severity=Severity.LOW), MYPY)
    assert one.finding.severity is Severity.HIGH


def test_ruffs_copy_of_a_bandit_rule_means_the_same() -> None:
    shell = replace(RUFF, rule="S602", message="shell used")
    [one] = merged(shell, replace(shell, tool="bandit", rule="B602", message="Popen is dangerous"))
    assert one.sources == ["bandit B602", "ruff S602"]


def test_other_meanings_on_one_line_stay_apart() -> None:
    assert len(merged(RUFF, replace(MYPY, rule="return-value", message="Incompatible return value"))) == 2


def test_the_same_on_another_line_or_in_another_file_stays_apart() -> None:
    assert len(merged(RUFF, replace(MYPY, line=4), replace(MYPY, file="b.py"))) == 3


def test_one_tool_is_no_second_witness_of_itself() -> None:
    [one] = merged(RUFF, RUFF)
    assert one.finding.confidence == 0.9
    assert len(merged(RUFF, replace(RUFF, message="Undefined name `y`"))) == 2


def test_a_model_may_miss_the_line_but_not_the_meaning() -> None:
    model = replace(RUFF, tool="model", rule="defect", message="x is an undefined name here", confidence=0.5)
    assert len(merged(replace(model, line=5), RUFF)) == 1
    assert len(merged(replace(model, line=6), RUFF)) == 2
    assert len(merged(replace(model, line=5, message="the file is never closed"), RUFF)) == 2


def test_the_judge_ranks_by_severity_confidence_and_hotness() -> None:
    low = replace(RUFF, severity=Severity.LOW, file="hot.py")
    findings = merged(low, replace(RUFF, file="cold.py"), replace(RUFF, file="hot.py", line=9))
    ranked = judge(Evidence(findings=findings, hotness={"hot.py": 1.0}))
    assert [(each.finding.file, each.finding.line, each.score) for each in ranked] == [
        ("hot.py", 9, 16.2),
        ("cold.py", 3, 8.1),
        ("hot.py", 3, 1.8),
    ]
    assert ranked[0].why == "high 9 x confidence 0.90 x hotness 2.00"
