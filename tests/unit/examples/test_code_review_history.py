"""What is told of a history is computed from its log."""

from collections.abc import Sequence

from reviewing.git_log import Commit, commits
from reviewing.history import big_changes, bus_factor, changed_together, hot_files, hotness

DAY = 86_400
RECORDED = (
    "\x1e1ddea86\x1fAda\x1f1795181690\x1ftwo lines\0\n1\t0\t\0src/shop/basket.py\0src/shop/cart.py\0"
    "\x1eae25f61\x1fBob\x1f1795181600\x1fmv\0\n0\t0\t\0src/shop/cart.py\0src/shop/basket.py\0"
    "\x1ebc91f75\x1fAda\x1f1795181500\x1fBegin\0\n-\t-\tlogo.png\x0015\t2\tsrc/shop/cart.py\0"
    "\x1e0000000\x1fAda\x1f1795181400\x1fNothing\0"
)


def commit(*files: str, author: str = "Ada", at: int = 0, lines: int = 10) -> Commit:
    return Commit(id="abc", author=author, at=at, subject="Change", lines=dict.fromkeys(files, lines))


def test_a_log_is_read_and_renames_are_followed() -> None:
    log = commits(RECORDED)
    assert [each.lines for each in log] == [
        {"src/shop/cart.py": 1},
        {"src/shop/cart.py": 0},
        {"logo.png": 0, "src/shop/cart.py": 17},
        {},
    ]
    assert [(each.id, each.author, each.at, each.subject) for each in log][1] == ("ae25f61", "Bob", 1795181600, "mv")


def test_the_hottest_file_has_one_and_older_changes_weigh_less() -> None:
    log = [commit("a", at=90 * DAY), commit("a", "b", at=0)]
    assert hotness(log) == {"a": 1.0, "b": 0.333}


def test_a_file_is_hot_from_five_commits_on() -> None:
    log = [*[commit("a", "b")] * 4, commit("a", author="Bob")]
    assert hot_files(log, hotness(log)) == [("a", "changed in 5 of 5 commits by 2 people, 50 lines")]


def test_only_recent_big_commits_are_told() -> None:
    log = [commit("a", at=40 * DAY, lines=501), commit("b", at=39 * DAY, lines=500), commit("c", at=0, lines=900)]
    assert [each.file for each in big_changes(log)] == ["a"]


def test_files_of_different_folders_that_change_together_are_told() -> None:
    log = [commit("x/a.py", "y/b.py"), commit("x/a.py", "x/c.py")]
    assert changed_together(log * 3) == []
    [found] = changed_together([*log * 4])
    assert (found.file, found.rule) == ("x/a.py", "changed-together")
    assert "y/b.py in 4 commits" in found.message


def test_a_test_may_change_with_what_it_tests_and_a_sweeping_commit_tells_nothing() -> None:
    assert changed_together([commit("src/a.py", "tests/test_a.py")] * 5) == []
    assert changed_together([commit(*(f"{number}/{number}.py" for number in range(31)))] * 5) == []


def test_the_bus_factor_is_how_many_must_leave() -> None:
    def by(*authors: str) -> Sequence[Commit]:
        return [commit(f"{number}", author=author) for number, author in enumerate(authors)]

    assert bus_factor(by("Ada", "Ada", "Ada", "Bob")) == 1
    assert bus_factor(by("Ada", "Bob", "Cem", "Dan")) == 3
    assert bus_factor([commit("a", author="Ada"), commit("a", author="Bob")]) == 2


def test_a_small_share_is_no_knowledge() -> None:
    assert bus_factor([commit("a", lines=80), commit("a", author="Bob", lines=20)]) == 1
