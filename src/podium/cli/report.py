"""What is said of a run once it ended or waits: its value, or one sentence and the next step."""

import sys

from podium.cli.options import DEBUG
from podium.cli.output import note, one_line, print_json, print_value
from podium.cli.waiting import Standstill
from podium.engine.worker.waiters import End
from podium.formats.printable import in_line
from podium.model.question import Question
from podium.model.question_kinds import DECIDED
from podium.model.run import RunState

WAITS = 3
"""The exit code where a run was left parked: it waits for somebody."""


def report(run: str, target: str, ended: End | Standstill, *, as_json: bool) -> int:
    """Print how a run stands, and return the exit code; `target` is the FILE to go on with."""
    if isinstance(ended, Standstill):
        return _report_waiting(run, target, ended, as_json=as_json)
    done = ended.state is RunState.DONE
    value = ended.outcome["value"] if done else None
    if as_json:
        told = {"value": value} if done else {"error": ended.reason}
        print_json({"run": run, "state": ended.state, **told})
    elif done:
        print_value(value)
    if not done:
        note(f"error: {failure(run, ended)}")
        if ended.traceback and DEBUG in sys.argv:
            note(ended.traceback)
    return 0 if done else 1


def failure(run: str, ended: End) -> str:
    """Say in one sentence why a run gave no value, and what to do next."""
    if ended.state is RunState.BLOCKED:
        return f"run {run} is blocked: {ended.reason}"
    verb = "was cancelled" if ended.state is RunState.CANCELLED else "failed"
    reason = f": {one_line(ended.reason, 500).rstrip('.')}" if ended.reason else ""
    return f"run {run} {verb}{reason}. See `podium runs show {run}`."


def _report_waiting(run: str, target: str, still: Standstill, *, as_json: bool) -> int:
    if as_json:
        questions = [{"question": q.id, "to": q.ask.to, "text": q.ask.text, "run": q.run} for q in still.questions]
        signals = [{"run": waiting, "signal": name} for waiting, name in still.signals]
        print_json({"run": run, "state": "parked", "questions": questions, "signals": signals})
        return WAITS
    for question in still.questions:
        note(f"waits for {in_line(question.ask.to)}: {one_line(question.ask.text)}")
        note(f"  answer:  {answer_command(question)}")
    for waiting, name in still.signals:
        note(f"waits for the signal {name!r}")
        note(f"  send:    podium runs signal {waiting} {name} JSON")
    note(f"  then:    podium run {target} --resume {run}")
    return WAITS


def answer_command(question: Question) -> str:
    """Return the command that answers a question."""
    value = "yes|no" if question.kind in DECIDED else "VALUE"
    return f"podium inbox answer {question.id} {value} --by NAME"
