"""The report: what was found, in order, and what could not be looked at."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from podium import agent
from reviewing.finding import Checked
from reviewing.judge import Ranked
from reviewing.project import Project
from reviewing.wording import counted

_SHOWN = 40
_PARTICULARS = re.compile(r"`[^`]*`|\"[^\"]*\"|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the report is made of."""

    project: Project
    run: str
    at: float
    checked: dict[str, Checked]
    """By reviewer."""
    partial: dict[str, str]
    """The reviewers that could not do their work, and why."""
    ranked: list[Ranked]


@agent
def write_report(draft: Draft) -> str:
    """Write the report to a file, as Markdown, and give it back; its last line names the file."""
    path = Path(draft.project.report)
    text = f"{markdown(draft)}\nThis report is kept in `{path}`.\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return text


def markdown(draft: Draft) -> str:
    """Return the report as text."""
    groups = alike(draft.ranked)
    shown, rest = groups[:_SHOWN], [each for group in groups[_SHOWN:] for each in group]
    parts = [
        f"# Review of {draft.project.path.name}",
        f"{datetime.fromtimestamp(draft.at, UTC):%Y-%m-%d %H:%M} UTC · `{draft.project.root}` · run `{draft.run}`",
        summary(draft),
        _reviewers(draft),
    ]
    if shown:
        parts += ["## Findings", "\n".join(_entry(number, each) for number, each in enumerate(shown, 1))]
    if rest:
        rules = Counter(" + ".join(each.sources) for each in rest).most_common()
        parts.append(f"And {len(rest)} less urgent: " + ", ".join(f"{rule} ({count})" for rule, count in rules) + ".")
    notes = [f"- {note}" for checked in draft.checked.values() for note in checked.notes]
    if notes:
        parts += ["## Notes", "\n".join(notes)]
    return "\n\n".join(parts) + "\n"


def alike(ranked: list[Ranked]) -> list[list[Ranked]]:
    """Put what one file has several times together, but for names and numbers, where the most urgent of it stands."""
    groups: dict[tuple[str, ...], list[Ranked]] = {}
    for each in ranked:
        gist = _PARTICULARS.sub("", each.finding.message)
        groups.setdefault((each.finding.file, gist, *each.sources), []).append(each)
    return list(groups.values())


def summary(draft: Draft) -> str:
    """Say in a line how it went."""
    counts = Counter(str(each.finding.severity) for each in draft.ranked)
    found = ", ".join(f"{counts[level]} {level}" for level in ("high", "medium", "low") if counts[level]) or "nothing"
    missing = f" Not looked at by {', '.join(draft.partial)}." if draft.partial else ""
    return f"Found: {found}.{missing}"


def _reviewers(draft: Draft) -> str:
    rows = ["| reviewer | tool | seconds | result |", "|---|---|---|---|"]
    for name, checked in draft.checked.items():
        rows.append(
            f"| {name} | {checked.tool} | {checked.seconds:.1f} | {counted(len(checked.findings), 'finding')} |"
        )
    rows += [f"| {name} | - | - | **not done:** {_cell(reason)} |" for name, reason in draft.partial.items()]
    return "\n".join(rows)


def _entry(number: int, group: list[Ranked]) -> str:
    ranked, *others = group
    finding = ranked.finding
    place = f"{finding.file or 'the project'}{f':{finding.line}' if finding.line else ''}"
    message = " ".join(finding.message.split()).rstrip(".")
    lines = sorted({each.finding.line or 0 for each in others} - {finding.line or 0})
    also = f"Also on line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}."
    more = f" {also}" if lines else ""
    sources = ", ".join(ranked.sources)
    return f"{number}. **{place}** {message}.{more}  \n   {sources} · {ranked.score:g} = {ranked.why}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
