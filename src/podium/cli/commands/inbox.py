"""`podium inbox`: what waits for people, and answering it."""

import getpass
import json
from collections.abc import Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox_link import link
from podium.cli.input import parse
from podium.cli.named import question_in
from podium.cli.opening import drive, existing, look
from podium.cli.options import PAGE, CursorOption, JsonOption, LimitOption, StoreOption, WrongOption
from podium.cli.output import iso, moment, note_next, one_line, print_json, print_table
from podium.errors import UsageError
from podium.facade.reader import View
from podium.formats.printable import beneath, in_line
from podium.model.conversation_state import ConversationMessage
from podium.model.json import Json
from podium.model.question import YES_OR_NO, Question, QuestionState
from podium.model.run import Run, RunState
from podium.secrets.masking import MASKING

commands = typer.Typer(help="What waits for people.", rich_markup_mode=None)

_WORDS = {"yes": True, "no": False}


@commands.command("list")
def list_questions(
    to: Annotated[str | None, typer.Option(metavar="ROLE", help="Only what is for this person or role.")] = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the open questions, oldest first."""
    questions = look(store, lambda reader: reader.inbox.list(to=to, limit=limit, cursor=cursor))
    note_next(questions.cursor)
    if as_json:
        print_json([_plain(question) for question in questions])
        return
    if not questions:
        print("nothing waits" if to is None else f"nothing waits for {to}")
        return
    rows = [
        (
            q.id,
            q.ask.kind,
            f"{q.ask.to}{_how_many(q)}",
            moment(q.asked_at),
            moment(q.deadline) if q.deadline else "",
            q.run,
            one_line(q.ask.text),
        )
        for q in questions
    ]
    print_table(("QUESTION", "KIND", "TO", "ASKED", "UNTIL", "RUN", "TEXT"), rows)


@commands.command("show")
def show(
    question_id: Annotated[str, typer.Argument(metavar="QUESTION", help="Its id, or `next`.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a question: what was said before in its conversation, what it is about, and what an answer looks like."""
    question, before = look(store, lambda reader: _with_context(reader, question_id))
    if as_json:
        said = [{"author": each.author, "text": each.text} for each in before if each.text]
        print_json({**_plain(question), "said_before": said})
        return
    for each in before:
        if each.text:
            print(f"{in_line(each.author)}: {one_line(MASKING.text(each.text))}")
    if before:
        print()
    print(f"{beneath(MASKING.text(question.ask.text))}\n")
    if question.ask.subject is not None:
        print_json(question.ask.subject)
        print()
    _print_state(question)
    if question.ask.schema is not None:
        print(f"an answer fits: {json.dumps(question.ask.schema, ensure_ascii=False)}")


def _print_state(question: Question) -> None:
    """Print where a question stands, who has answered it, and which step or call it is about."""
    print(f"{question.state}, for {in_line(question.ask.to)}, of run {question.run}")
    if question.answered_by:
        print(f"answered by {', '.join(map(in_line, question.answered_by))}{_how_many(question)}")
    if question.ask.idempotency_key is not None:
        step = "" if question.step is None else f" step {in_line(question.step)} of"
        print(f"about{step} call {question.key}; idempotency key {in_line(question.ask.idempotency_key)}")


def _how_many(question: Question) -> str:
    """Return how many of those who have to answer have: empty where one is enough."""
    return f" ({len(question.answered_by)} of {question.ask.quorum})" if question.ask.quorum > 1 else ""


async def _with_context(view: View, name: str) -> tuple[Question, Sequence[ConversationMessage]]:
    question = await question_in(view, name)
    return question, await view.inbox.said_before(question.id)


@commands.command("answer")
def answer(
    question_id: Annotated[str, typer.Argument(metavar="QUESTION", help="Its id, or `next`.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON; for an approval also yes or no.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who answers. Default: the name of the login.")] = None,
    comment: Annotated[str, typer.Option(help="A word about an approval.")] = "",
    edit: Annotated[
        str | None, typer.Option(metavar="JSON", help="With yes: what is approved instead, such as other arguments.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question. The run goes on in the process that serves its workflow, or with the next `podium work`."""
    name = by or login()

    async def work() -> tuple[Question, Run]:
        async with App.open(config=existing(store)) as app:
            question = await question_in(app, question_id)
            await app.inbox.answer(question.id, to_value(question, value, comment, edit), by=name)
            run = await app.runs.get(question.run)
            return await question_in(app, question.id), run

    question, run = drive(work())
    if as_json:
        print_json({"question": question.id, "state": question.state, "run": run.id, "run_state": run.state})
        return
    print(f"answered by {name}. {_what_next(question, run)}")


commands.command("link")(link)


def to_value(question: Question, text: str, comment: str, edit: str | None = None) -> Json:
    """Return what was typed as the answer it stands for; raises UsageError where it stands for none."""
    approval = question.ask.kind in YES_OR_NO
    if approval and text.lower() in _WORDS:
        said: dict[str, Json] = {"approved": _WORDS[text.lower()], "comment": comment}
        if edit is not None and not said["approved"]:
            raise WrongOption("--edit goes with yes: it says what is approved.")
        return said if edit is None else {**said, "value": parse(edit, "--edit")}
    if comment or edit is not None:
        raise WrongOption("--comment and --edit go with yes or no, the answers to an approval.")
    schema: Json = question.ask.schema
    try:
        return parse(text, "the answer")
    except UsageError:
        if schema is not None and schema.get("type") == "string":
            return text
        if approval:
            raise UsageError(f"{text!r} is no answer to an approval: expected yes, no, or JSON.") from None
        raise


def _what_next(question: Question, run: Run) -> str:
    if question.state is QuestionState.OPEN:
        return (
            f"The question waits for more people: {len(question.answered_by)} of {question.ask.quorum} have answered."
        )
    if run.state is RunState.RUNNING:
        return f"Run {run.id} goes on in the process that drives it."
    return (
        f"Run {run.id} goes on in the process that serves {run.workflow!r}; "
        "where none runs, start one: podium work FILE"
    )


def login() -> str:
    """Return the name of who is logged in; raises UsageError where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:
        raise UsageError("this login has no name. Say who you are: --by NAME.") from error


def _plain(question: Question) -> Json:
    ask = question.ask
    return {
        "question": question.id, "run": question.run, "key": question.key, "kind": ask.kind, "to": ask.to,
        "text": ask.text, "subject": ask.subject, "schema": ask.schema, "quorum": ask.quorum,
        "answered_by": list(question.answered_by), "step": question.step, "idempotency_key": ask.idempotency_key,
        "state": question.state,
        "asked_at": iso(question.asked_at), "deadline": iso(question.deadline), "tenant": question.tenant,
    }  # fmt: skip
