"""The history: which files are hot, what changed much of late, what changes together, and who knows it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import PurePath

from podium import agent
from reviewing.finding import Checked, Finding, Severity
from reviewing.git_log import FORMAT, Commit, commits
from reviewing.program import Crashed, need, run
from reviewing.project import Project
from reviewing.wording import counted

_DAY = 86_400
_MOST_COMMITS = 2_000
_HALF_LIFE = 90 * _DAY
"""A change counts half as much when the newest commit is this much younger."""
_RECENT = 30 * _DAY
_BIG = 500
"""Lines; a bigger change is hard to review as one."""
_SWEEPING = 30
"""Files; a commit that touches more says nothing about which belong together."""
_SHOWN = 5
_HOT_COMMITS = 5
_TOGETHER = 4
_OFTEN = 0.7
_KNOWS = 0.25
"""Share of a file's changed lines from which on its author is taken to know it."""


@agent(name="history")
async def read_history(project: Project) -> Checked:
    """Look at how the project came to be what it is."""
    git = need("git", project, remedy="see git-scm.com/downloads")
    what = ["-z", "--numstat", "-M", "--no-merges", "--relative", f"-n{_MOST_COMMITS}", FORMAT]
    ran = await run([git, "log", *what, "--", "."], project)
    if ran.status != 0:
        raise ran.crashed()
    log = commits(ran.output)
    if not log:
        raise Crashed("git knows no commits of this folder")
    log = [_only_present(commit, project) for commit in log]
    hot = hotness(log)
    knowing = bus_factor(log)
    people = len({commit.author for commit in log})
    notes = [
        f"{counted(len(log), 'commit')} by {counted(people, 'person', 'people')}; bus factor {knowing}.",
        *(f"`{file}`: hotness {hot[file]:.2f}, {told}." for file, told in hot_files(log, hot)),
    ]
    found = [*_hot(log, hot), *big_changes(log), *changed_together(log), *_few_know(knowing, people)]
    return Checked(tool="git", seconds=ran.seconds, findings=found, notes=notes, hotness=hot)


def hotness(log: Sequence[Commit]) -> dict[str, float]:
    """Say for each file how much it is being worked on: its commits, the newer the heavier; the hottest has 1."""
    newest = log[0].at
    heat = defaultdict[str, float](float)
    for commit in log:
        for file in commit.lines:
            heat[file] += 0.5 ** (max(0, newest - commit.at) / _HALF_LIFE)
    hottest = max(heat.values(), default=1.0)
    return {file: round(value / hottest, 3) for file, value in heat.items()}


def hot_files(log: Sequence[Commit], hot: dict[str, float]) -> list[tuple[str, str]]:
    """Return the hottest files that were changed several times, and what is known of them."""
    touching = defaultdict[str, list[Commit]](list)
    for commit in log:
        for file in commit.lines:
            touching[file].append(commit)
    often = [file for file in touching if len(touching[file]) >= _HOT_COMMITS]
    hottest = sorted(often, key=lambda file: (-hot[file], file))[:_SHOWN]
    return [(file, _told(file, touching[file], len(log))) for file in hottest]


def big_changes(log: Sequence[Commit]) -> list[Finding]:
    """Find the commits of the last 30 days of work that changed very much at once, biggest first."""
    recent = [commit for commit in log if log[0].at - commit.at <= _RECENT and sum(commit.lines.values()) > _BIG]
    biggest = sorted(recent, key=lambda commit: -sum(commit.lines.values()))[:_SHOWN]
    return [
        _finding(
            "big-change",
            max(commit.lines, key=lambda file: commit.lines[file]),
            f"commit {commit.id} ({commit.subject}) changed {sum(commit.lines.values())} lines"
            f" in {counted(len(commit.lines), 'file')}, most of them here: review it in parts",
        )
        for commit in biggest
    ]


def changed_together(log: Sequence[Commit]) -> list[Finding]:
    """Find files of different folders that are nearly always changed together; tests and their subjects may be."""
    alone, pairs = Counter[str](), Counter[tuple[str, str]]()
    for commit in log:
        if len(commit.lines) <= _SWEEPING:
            alone.update(list(commit.lines))
            pairs.update(combinations(sorted(commit.lines), 2))
    close = [
        (times, a, b)
        for (a, b), times in pairs.items()
        if times >= _TOGETHER and times / min(alone[a], alone[b]) >= _OFTEN and _surprising(a, b)
    ]
    return [
        _finding("changed-together", a, f"changed together with {b} in {times} commits: they know much of each other")
        for times, a, b in sorted(close, key=lambda each: (-each[0], each[1], each[2]))[:_SHOWN]
    ]


def bus_factor(log: Sequence[Commit]) -> int:
    """Return how many people have to leave until nobody knows more than half of the files.

    The greedy way of G. Avelino et al., "A Novel Approach for Estimating Truck Factors" (ICPC 2016), with shares of
    changed lines for its degree of authorship.
    """
    written = defaultdict[str, Counter[str]](Counter)
    for commit in log:
        for file, lines in commit.lines.items():
            written[file][commit.author] += lines
    knowing = {
        file: {author for author, lines in by.items() if lines >= _KNOWS * by.total()} for file, by in written.items()
    }
    gone = 0
    while 2 * sum(bool(authors) for authors in knowing.values()) >= max(1, len(knowing)):
        most = Counter(author for authors in knowing.values() for author in authors).most_common(1)[0][0]
        knowing = {file: authors - {most} for file, authors in knowing.items()}
        gone += 1
    return gone


def _hot(log: Sequence[Commit], hot: dict[str, float]) -> list[Finding]:
    meaning = "a defect here is likely, and costs most"
    return [_finding("hot-file", file, f"{told}: {meaning}") for file, told in hot_files(log, hot)]


def _told(file: str, touching: Sequence[Commit], all_commits: int) -> str:
    people = len({commit.author for commit in touching})
    lines = sum(commit.lines[file] for commit in touching)
    share = f"{len(touching)} of {counted(all_commits, 'commit')}"
    return f"changed in {share} by {counted(people, 'person', 'people')}, {counted(lines, 'line')}"


def _few_know(knowing: int, people: int) -> list[Finding]:
    if knowing > 1 or people == 1:
        return []  # where one person works alone there is nothing to tell
    return [_finding("bus-factor", "", "one person alone knows more than half of the files: share the knowledge")]


def _finding(rule: str, file: str, message: str) -> Finding:
    return Finding(tool="git", rule=rule, message=message, file=file, severity=Severity.LOW, confidence=0.7)


def _surprising(a: str, b: str) -> bool:
    first, second = PurePath(a), PurePath(b)
    return first.parent != second.parent and first.stem.removeprefix("test_") != second.stem.removeprefix("test_")


def _only_present(commit: Commit, project: Project) -> Commit:
    """Return the commit without the files that are gone by now."""
    present = {file: lines for file, lines in commit.lines.items() if (project.path / file).is_file()}
    return Commit(id=commit.id, author=commit.author, at=commit.at, subject=commit.subject, lines=present)
