"""An audit report in plain words, as Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from podium.model.json import Json, encode
from podium.reports.audit_report import AuditReport, ReportedQuestion, ReportedRun

_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>|#"})


def markdown(report: AuditReport) -> Iterator[str]:
    """Give the lines of a report."""
    [(kind, name)] = report.about.items()
    since = "" if report.since is None else f" since {_time(report.since)}"
    yield f"# What was done {'in run' if kind == 'run' else 'for tenant'} {_plain(name)}{since}"
    states = Counter(run.state for run in report.runs)
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    yield f"\nRuns: {len(report.runs)} ({counted}). Cost: {_usd(report.usd)}."
    if report.costs:
        yield "\n| Agent | Calls | Tokens in | Tokens out | Cost | Price not known |"
        yield "| --- | --- | --- | --- | --- | --- |"
    for cost in report.costs:
        numbers = f"{cost.calls:,} | {cost.input_tokens:,} | {cost.output_tokens:,}"
        yield f"| {_plain(cost.part)} | {numbers} | {_usd(cost.usd + cost.in_doubt)} | {cost.unpriced:,} |"
    for run in report.runs:
        yield from _run(run)
    yield "\nThat this is what was recorded proves `podium audit verify`, which also says what it cannot prove."


def _run(run: ReportedRun) -> Iterator[str]:
    yield f"\n## Run {_plain(run.run)}\n"
    yield f"{_plain(_who(run))} had workflow {_plain(run.workflow)}, version {_plain(run.version)}, done for tenant"
    yield f"{_plain(run.tenant)}{_started(run)}. {_came_of(run)}"
    yield from _listed("What was done", (
        f"{each.at}: {each.caller} called {each.agent}, version {each.version}: {each.outcome or 'not ended'}"
        f"{f' ({each.reason})' if each.reason else ''}" for each in run.calls
    ))  # fmt: skip
    yield from _listed("Why it was allowed, or not", (
        f"{each.at}: {each.rule} said {each.decision} to {each.what}{f': {each.reason}' if each.reason else ''}"
        for each in run.rules
    ))  # fmt: skip
    if not run.rules:
        yield "\nNo policy, delegation or guard had anything to say: what no rule is about is allowed."
    yield from _listed("What people decided", (line for each in run.questions for line in _question(each)))
    yield from _listed("What was changed from outside", (
        f"{each.at}: {each.what}{f' by {each.by}' if each.by else ''}{f': {each.reason}' if each.reason else ''}"
        for each in run.changes
    ))  # fmt: skip


def _who(run: ReportedRun) -> str:
    if run.grantor is None:
        return run.principal
    return f"{run.grantee}, whom {run.grantor} let act for them ({run.principal}),"


def _started(run: ReportedRun) -> str:
    began = f", from {run.started}" if run.started else ""
    ended = f" to {run.ended}" if run.ended else ""
    above = f", started by run {_plain(run.started_by)}" if run.started_by else ""
    return f"{began}{ended}{above}"


def _came_of(run: ReportedRun) -> str:
    return f"It is {run.state}{f': {_plain(run.reason)}' if run.reason else ''}."


def _question(asked: ReportedQuestion) -> Iterator[str]:
    by_rule = f", because {asked.rule} asks" if asked.rule else ""
    yield f"{asked.at}: {asked.to} was asked ({asked.kind}{by_rule}): {asked.text or 'redacted'}"
    for answer in asked.answers:
        yield f"{_time(answer.at)}: {answer.by} answered: {_said(answer.said)}"
    if not asked.answers and not asked.answered_by:
        yield f"nobody answered{f'; {asked.quorum} were to' if asked.quorum > 1 else ''}"
    elif not asked.answers:
        yield f"{', '.join(asked.answered_by)} answered: {len(asked.answered_by)} of {asked.quorum} who were to"


def _said(value: Json) -> str:
    match value:
        case {"approved": bool(approved), **more}:
            comment = f", saying: {more['comment']}" if more.get("comment") else ""
            return f"{'yes' if approved else 'no'}{comment}"
        case {"approved": None}:
            return "redacted"
        case str():
            return value
        case _:
            return encode(value).decode()


def _listed(title: str, said: Iterable[str]) -> Iterator[str]:
    """Give a title and a list, or nothing."""
    for n, each in enumerate(said):
        if n == 0:
            yield f"\n{title}:\n"
        yield f"- {_plain(each)}"


def _plain(text: str) -> str:
    """Return a text of somebody as it is shown by Markdown: one line, with nothing that means more."""
    return " ".join(text.split()).translate(_SPECIAL)


def _usd(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
