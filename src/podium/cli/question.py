"""A question as commands show it: as JSON, and what people need to know to answer it."""

from podium.cli.output import iso, moment, one_line
from podium.formats.printable import beneath, in_line
from podium.model.inbox_book import Remark
from podium.model.json import Json
from podium.model.question import Question
from podium.reports.question_context import DoneCall, InboxContext
from podium.secrets.masking import MASKING


def as_json(question: Question) -> dict[str, Json]:
    """Return a question as JSON."""
    ask = question.ask
    return {
        "question": question.id, "run": question.run, "key": question.key, "kind": question.kind, "to": ask.to,
        "assignee": question.assignee, "text": ask.text, "subject": ask.subject, "schema": ask.schema,
        "quorum": ask.quorum, "answered_by": list(question.answered_by), "step": question.step,
        "idempotency_key": ask.idempotency_key, "state": question.state, "asked_at": iso(question.asked_at),
        "deadline": iso(question.deadline), "remind": ask.remind, "tenant": question.tenant,
    }  # fmt: skip


def context_json(context: InboxContext) -> dict[str, Json]:
    """Return as JSON what people need to know to answer a question."""
    cost = context.cost
    return {
        "said_before": [{"author": each.author, "text": each.text} for each in context.said_before if each.text],
        "workflow": context.run.workflow,
        "done": [_done_json(each) for each in context.done], "left_out": context.left_out,
        "cost": None if cost is None else {
            "usd": cost.usd, "input_tokens": cost.input_tokens, "output_tokens": cost.output_tokens,
        },
        "former": context.former, "diff": list(context.diff), "reminders": context.reminders,
        "discussion": [remark_json(each) for each in context.discussion],
    }  # fmt: skip


def remark_json(remark: Remark) -> dict[str, Json]:
    """Return as JSON what somebody said of a question."""
    return {
        "id": remark.id, "question": remark.question, "by": remark.by, "at": iso(remark.at), "text": remark.text,
        "assignee": remark.assignee,
    }  # fmt: skip


def print_context(context: InboxContext) -> None:
    """Print what changed in the draft, what was done before, what it cost, and what people said of the question."""
    if context.diff:
        print("what changed in it:")
        print("\n".join(f"  {in_line(MASKING.text(line))}" for line in context.diff[2:]))
        print()
    if context.done:
        print("what was done before:")
        if context.left_out:
            print(f"  {context.left_out} calls before these")
        for each in context.done:
            print(f"  {_done(each)}")
        if (cost := context.cost) is not None:
            tokens = cost.input_tokens + cost.output_tokens
            print(f"  all of it cost ${cost.usd:.4g}{f', {tokens:,} tokens' if tokens else ''} by now")
        print()
    if context.discussion:
        print("what was said of it:")
        for each in context.discussion:
            given = "" if each.assignee is None else f", who gave it to {in_line(each.assignee)}"
            said = beneath(MASKING.text(each.text))
            print(f"  {moment(each.at)} {in_line(each.by)}{given}: {said}")
        print()


def _done(each: DoneCall) -> str:
    told = each.note if each.kind == "question" else each.gave or each.note
    shown = f": {one_line(MASKING.text(told))}" if told else ""
    return f"{each.key} {in_line(each.name)} {each.state or 'is open'}{shown}"


def _done_json(each: DoneCall) -> dict[str, Json]:
    return {
        "key": each.key, "kind": each.kind, "name": each.name, "state": each.state, "gave": each.gave,
        "note": each.note, "seconds": each.seconds, "usd": each.usd,
    }  # fmt: skip
