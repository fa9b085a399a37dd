"""`podium inbox`: what waits for people, answering it, and who is to."""

import getpass
import json
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from podium.app import App
from podium.cli.answering import to_value
from podium.cli.commands.inbox_link import link
from podium.cli.moments import ahead
from podium.cli.named import question_in
from podium.cli.opening import drive, existing, look
from podium.cli.options import PAGE, CursorOption, JsonOption, LimitOption, StoreOption
from podium.cli.output import iso, moment, note_next, one_line, print_json, print_table
from podium.cli.question import as_json as question_json
from podium.cli.question import context_json, print_context, remark_json
from podium.facade.inbox import PersonNow
from podium.facade.reader import View
from podium.formats.printable import beneath, in_line
from podium.model.inbox_book import Absence, Remark
from podium.model.question import Question, QuestionState
from podium.model.question_kinds import QuestionKind
from podium.model.run import Run, RunState
from podium.reports.question_context import InboxContext
from podium.secrets.masking import MASKING

T = TypeVar("T")

commands = typer.Typer(help="What waits for people.", rich_markup_mode=None)

QuestionArgument = Annotated[str, typer.Argument(metavar="QUESTION", help="Its id, or `next`.")]
WhoOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who does it. Default: the name of the login.")
]  # fmt: skip


@commands.command("list")
def list_questions(
    to: Annotated[str | None, typer.Option(metavar="ROLE", help="Only what is for this person or role.")] = None,
    assignee: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what was given to this person.")
    ] = None,
    kind: Annotated[QuestionKind | None, typer.Option(help="Only what people are asked for in this way.")] = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List the open questions, oldest first."""
    questions = look(
        store, lambda reader: reader.inbox.list(to=to, assignee=assignee, kind=kind, limit=limit, cursor=cursor)
    )
    note_next(questions.cursor)
    if as_json:
        print_json([question_json(question) for question in questions])
        return
    if not questions:
        print("nothing waits" if to is None else f"nothing waits for {to}")
        return
    rows = [
        (
            q.id, q.kind, f"{q.ask.to}{_given(q)}{_how_many(q)}", moment(q.asked_at),
            moment(q.deadline) if q.deadline else "", q.run, one_line(q.ask.text),
        )
        for q in questions
    ]  # fmt: skip
    print_table(("QUESTION", "KIND", "TO", "ASKED", "UNTIL", "RUN", "TEXT"), rows)


@commands.command("show")
def show(question_id: QuestionArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show a question: what was done and said before it, what it is about, and what an answer looks like."""
    context = look(store, lambda reader: _context(reader, question_id))
    question = context.question
    if as_json:
        print_json({**question_json(question), **context_json(context)})
        return
    for each in context.said_before:
        if each.text:
            print(f"{in_line(each.author)}: {one_line(MASKING.text(each.text))}")
    if context.said_before:
        print()
    print(f"{beneath(MASKING.text(question.ask.text))}\n")
    if question.ask.subject is not None:
        print_json(question.ask.subject)
        print()
    print_context(context)
    _print_state(question)
    if question.ask.schema is not None:
        print(f"an answer fits: {json.dumps(question.ask.schema, ensure_ascii=False)}")


def _print_state(question: Question) -> None:
    """Print where a question stands, who has answered it, and which step or call it is about."""
    print(f"{question.state}, for {in_line(question.ask.to)}{_given(question)}, of run {question.run}")
    if question.answered_by:
        print(f"answered by {', '.join(map(in_line, question.answered_by))}{_how_many(question)}")
    if question.ask.idempotency_key is not None:
        step = "" if question.step is None else f" step {in_line(question.step)} of"
        print(f"about{step} call {question.key}; idempotency key {in_line(question.ask.idempotency_key)}")


def _given(question: Question) -> str:
    """Return to whom of those asked it was given: empty where it was given to nobody, or is for one alone."""
    assignee = question.assignee
    return "" if assignee in (None, question.ask.to) else f", given to {in_line(assignee)}"


def _how_many(question: Question) -> str:
    """Return how many of those who have to answer have: empty where one is enough."""
    return f" ({len(question.answered_by)} of {question.ask.quorum})" if question.ask.quorum > 1 else ""


async def _context(view: View, name: str) -> InboxContext:
    question = await question_in(view, name)
    return await view.inbox.context(question.id)


@commands.command("answer")
def answer(
    question_id: QuestionArgument,
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE",
            help="JSON; for an approval also yes or no, for a choice the name of an option, for text the text itself.",
        ),
    ],
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

    async def work(app: App) -> tuple[Question, Run]:
        question = await question_in(app, question_id)
        await app.inbox.answer(question.id, to_value(question, value, comment, edit), by=name)
        run = await app.runs.get(question.run)
        return await question_in(app, question.id), run

    question, run = _with_app(store, work)
    if as_json:
        print_json({"question": question.id, "state": question.state, "run": run.id, "run_state": run.state})
        return
    print(f"answered by {name}. {_what_next(question, run)}")


commands.command("link")(link)


@commands.command("comment")
def comment(
    question_id: QuestionArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What all who see the question read.")],
    by: WhoOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say something of a question. It answers nothing."""
    name = by or login()

    async def work(app: App) -> Remark:
        question = await question_in(app, question_id)
        return await app.inbox.comment(question.id, text, by=name)

    remark = _with_app(store, work)
    print_json(remark_json(remark)) if as_json else print(f"said by {name} of question {remark.question}")


@commands.command("reassign")
def reassign(
    question_id: QuestionArgument,
    to: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Who is to answer. Default: to whom it would be given now.")
    ] = None,
    why: Annotated[str, typer.Option(help="Why, for all who see the question.")] = "",
    by: WhoOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an open question to somebody else."""
    name = by or login()

    async def work(app: App) -> Question:
        question = await question_in(app, question_id)
        return await app.inbox.reassign(question.id, to, why=why, by=name)

    question = _with_app(store, work)
    print_json(question_json(question)) if as_json else print(
        f"question {question.id} is given to {in_line(str(question.assignee))}"
    )


@commands.command("people")
def people(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the people whom questions can be given to: those in `[podium.people.NAME]`."""
    found = _with_app(store, lambda app: app.inbox.people())
    if as_json:
        print_json([_person_json(each) for each in found])
        return
    if not found:
        print("nobody is known. People are set with [podium.people.NAME] in podium.toml.")
        return
    rows = [
        (
            f"{in_line(each.name)}{'' if each.person.agent is None else ' (agent)'}",
            ", ".join((*each.person.groups, *each.person.skills)),
            str(each.open) if each.person.capacity is None else f"{each.open} of {each.person.capacity}",
            each.hindrance or "can be asked",
        )
        for each in found
    ]  # fmt: skip
    print_table(("NAME", "ASKED AS", "OPEN", "NOW"), rows)


@commands.command("away")
def away(
    person: Annotated[str, typer.Argument(metavar="NAME", help="Who is away.")],
    until: Annotated[
        str, typer.Argument(metavar="UNTIL", help="A day or time (UTC), in how long (8h, 7d), or `back` for not away.")
    ],
    by: WhoOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that somebody is away. What they were given goes to others."""
    name = by or login()

    async def work(app: App) -> Absence:
        end = None if until == "back" else ahead(until, "UNTIL")
        return await app.inbox.away(person, end, by=name)

    absence = _with_app(store, work)
    if as_json:
        print_json({"person": absence.person, "until": iso(absence.until), "by": absence.by, "at": iso(absence.at)})
        return
    print(f"{absence.person} is back" if until == "back" else f"{absence.person} is away until {moment(absence.until)}")


def _with_app(store: str | None, work: Callable[[App], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with App.open(config=existing(store)) as app:
            return await work(app)

    return drive(opened())


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
    """Return the name of who is logged in; the number of the user where that has none, as in a container."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _person_json(each: PersonNow) -> dict[str, object]:
    person = each.person
    return {
        "name": each.name, "groups": list(person.groups), "skills": list(person.skills), "hours": person.hours,
        "zone": person.zone, "capacity": person.capacity, "substitutes": list(person.substitutes),
        "agent": person.agent, "tenant": person.tenant, "open": each.open, "away_until": iso(each.away),
        "hindrance": each.hindrance,
    }  # fmt: skip
