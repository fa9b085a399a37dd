"""`supervisor`: a manager delegates to workers and reads what they report."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Unpack

from typing_extensions import TypeForm

from podium.agents.shape import shape_of
from podium.engine.context import Context
from podium.errors import BadAnswer, BoundReached, InvalidValue
from podium.model.json import Json
from podium.model.told import Utterance
from podium.patterns.building.bounds import used_up
from podium.patterns.building.inputs import Talk, input_for, plain, said_by, sections, thread_of
from podium.patterns.building.last_word import last_word
from podium.patterns.building.members import ANYTHING, Member, abilities, at_least, by_name, part
from podium.patterns.building.named import described
from podium.patterns.building.names import choices, named
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Out, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.refusals import OnRefused, end_where_refused
from podium.patterns.building.role import Role, unless_refused
from podium.patterns.building.talking import asked, voice, words
from podium.patterns.parts.ends import EndWhen, ends_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Work for one worker: `to` is their name, `input` what they are handed."""

    to: str
    input: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """Have workers do something. They work side by side; with `in_order` one after the other, up to a failure."""

    assignments: list[Assignment]
    in_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The task is done: `answer` is its result."""

    answer: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReport:
    """What became of one assignment: an output, or an error."""

    round: int
    """The manager's answer, from 1, in which it was assigned."""
    worker: str
    input: Json
    output: Json = None
    error: str | None = None


@pattern
def supervisor(
    manager: Member, workers: Sequence[Member], *, rounds: int = 6, must_delegate: bool = False,
    at_once: int | None = None, threads: bool = False, last_only: bool = False, on_refused: OnRefused = "end",
    until: EndWhen | Callable[[list[WorkReport]], bool] | None = None, gives: TypeForm[Out] | None = ANYTHING,
    name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Out]:  # fmt: skip
    """A manager delegates to workers, reads what they report, delegates again or finishes; gives its answer.

    The manager takes `task`, `workers` (what each can do, by name), `reports` (every WorkReport so far), `rounds_left`
    (how many more answers it has after this one) and `remark` (None, or what was wrong with its last answer): as
    parameters of these names, as a text, or as a mapping of them all. It gives a Delegate or a Finish, or JSON of that
    form: `{"assignments": [{"to": …, "input": …}]}`, `{"answer": …}`.

    A worker takes what the manager assigns to it, as text where it takes a text; at most `at_once` work at the same
    time. Its failure is reported, not raised; but where a policy, a guard or a person does not let it do its work, that
    ends the team once the others have reported, so that nobody else does it instead, unless `on_refused="go_on"` has it
    reported too. With `threads`, each worker that is a language model keeps a thread: it hears what it was asked
    and answered in earlier rounds, as messages. With `last_only`, a team in the place of a worker reports only its
    last message, or its answer, and not how it came to that.

    An answer that names an unknown worker or none, that cannot be read, that finishes without any report where it
    `must_delegate`, or whose result is not of the type `gives`, is not carried out: the manager sees why in `remark`,
    and is asked again, at most `corrections` times; then it raises BadAnswer. Once `until`, an end or a rule of the
    `reports`, has come, the manager has one more answer (a turn is an answer with the work that followed). Raises
    BoundReached after `rounds` answers without a finish.
    """
    at_least("supervisor", "rounds", rounds)
    at_least("supervisor", "at_once", 1 if at_once is None else at_once)
    team = by_name("supervisor", workers, what="workers")
    offers = ("task", "workers", "reports", "rounds_left")
    managing = Role[Delegate | Finish]("supervisor", "manager", manager, offers=offers, gives=Delegate | Finish)
    enough = ends_of("supervisor", until, team, reports=list[WorkReport])
    working = _AssignedWorkers(team=team, at_once=at_once, threads=threads, last_only=last_only)
    own, result = abilities("supervisor", managing.who, team), shape_of(gives or ANYTHING)

    def judged(reports: Sequence[WorkReport], value: object, *, again: bool) -> Delegate | Finish | str:
        """Return what the manager wants, or what is wrong with it; with `again` names are read as a person would."""
        try:
            said = managing.said(value)
            if isinstance(said, Delegate):
                said = _meant(said, team) if again else said
                return _objection(said, team, choices if again else _listed) or said
            if must_delegate and not reports:
                return f"nobody has reported yet: delegate to {', '.join(team)} before you finish."
            return Finish(answer=result.load(plain(said.answer)))
        except (BadAnswer, InvalidValue) as error:
            return str(error)

    async def body(ctx: Context, task: object, so_far: SoFar[list[WorkReport]]) -> object:
        reports: list[WorkReport] = []
        remark: str | None = None
        unusable: tuple[str, ...] = ()
        over, number, most = enough.begin(ctx), 0, rounds
        again = begun_with(ctx, 2)  # in the same call; before, a round was spent on it
        able = await described(ctx, own, team)
        while number < most:
            number += 1
            left = most - number
            judge = partial(judged, list(reports), again=again)
            turn = voice(ctx, task, partial(_last_words, judge))
            parts = {"workers": able, "rounds_left": left, "remark": remark}
            talk = Talk(said=[said_by(None, task), *_heard(managing.who, reports)], ask=sections(parts))
            parts = {"task": task, "workers": able, "reports": reports, "rounds_left": left, "remark": remark}
            call = managing.call(ctx, talk, turn, unless_refused(judge) if again else None, **parts)
            said = await managing.judged(call, judge, again=again)
            if isinstance(said, Finish):
                return said.answer
            remark, unusable = (said, (call.key,)) if isinstance(said, str) else (None, ())
            if isinstance(said, Delegate):
                done, failures = await working.carry_out(ctx, said, number, reports)
                over.note_all(map(_said_by, done))
                reports += done
                so_far.reached(reports)
                end_where_refused(ctx, on_refused, failures)
            most = await over.last_turn(most, number, list(reports))
        raise _unfinished(managing.who, rounds, over.ended_by, remark).about(*unusable)

    parts = {"manager": managing.member} | {f"worker {n}": member for n, member in enumerate(team.values(), 1)}
    there = [Link("manager", part, f"at most {rounds} rounds") for part in parts if part != "manager"]
    back = [Link(link.after, "manager", "reports") for link in there]
    return Pattern(
        body,
        kind="supervisor",
        name=name,
        card=card,
        sketch=Sketch(parts=parts, links=there + back),
        takes=part(managing.member, "task"),
        gives=result.type,
        has=list[WorkReport],
    )


def _heard(manager: str, reports: Sequence[WorkReport]) -> Iterator[Utterance]:
    """Give what the manager delegated and what the workers reported, round by round."""
    for _, of_round in groupby(reports, key=lambda each: each.round):
        done = list(of_round)
        assignments = [Assignment(to=each.worker, input=each.input) for each in done]
        yield said_by(manager, {"assignments": assignments})
        for each in done:
            yield said_by(each.worker, each.output if each.error is None else f"failed: {each.error}")


def _last_words(judge: Callable[[object], Delegate | Finish | str], value: object) -> str | None:
    """Return the answer of the team as a text, once the manager has finished."""
    said = judge(value)
    return words(said.answer) if isinstance(said, Finish) else None


def _meant(wanted: Delegate, team: Mapping[str, Member]) -> Delegate:
    """Return a delegation with the names of the workers who are meant, where that is clear."""
    return replace(
        wanted, assignments=[replace(each, to=named(each.to, team) or each.to) for each in wanted.assignments]
    )


def _said_by(report: WorkReport) -> tuple[str, object]:
    return report.worker, report.output


def _unfinished(manager: str, rounds: int, ended_by: str, remark: str | None) -> BoundReached:
    """Return the error for a manager that is asked no more."""
    told = f"; of its last answer it was told: {remark}" if remark else ""
    remedy = "have it finish when rounds_left is 0"
    if ended_by:
        came = f"an end has come ({ended_by}), and {manager} did not finish with the one answer it had left"
        return BoundReached(f"supervisor: {came}{told}. H{remedy[1:]}.")
    return used_up("supervisor", "rounds", rounds, f"{manager} has not finished{told}", remedy)


def _listed(_said: str, team: Collection[str]) -> str:
    return f"there is {', '.join(team)}"


def _objection(
    wanted: Delegate, team: Mapping[str, Member], there: Callable[[str, Collection[str]], str]
) -> str | None:
    """Return why a delegation is not carried out, or None where it is."""
    if not wanted.assignments:
        return f"you delegated to nobody: assign something to {', '.join(team)}, or finish."
    if unknown := sorted({each.to for each in wanted.assignments} - team.keys()):
        return f"there is no worker {', '.join(unknown)}: {there(unknown[0], team)}. Nothing was delegated."
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _AssignedWorkers:
    """Those who carry out what the manager assigns."""

    team: Mapping[str, Member]
    at_once: int | None
    threads: bool
    last_only: bool

    async def carry_out(
        self, ctx: Context, wanted: Delegate, number: int, before: Sequence[WorkReport]
    ) -> tuple[list[WorkReport], list[Exception]]:  # fmt: skip
        """Have them do what was assigned to them; returns the reports in order, and what workers failed with.

        `before` are the reports of earlier rounds.
        """
        given, failures = wanted.assignments, list[Exception]()
        calls = [asked(ctx, self.team[each.to], self._input(ctx, each, before)) for each in given]
        reports = [
            WorkReport(round=number, worker=each.to, input=each.input, error="not started: one before it failed")
            for each in given
        ]
        places = 1 if wanted.in_order else self.at_once or len(calls)
        waiting = iter(calls[places:])
        async with ctx.select(*calls[:places]) as working:
            async for ended in working:
                done = reports[ended.index]
                if ended.error is None:
                    output = last_word(ended.value()) if self.last_only else ended.value()
                    reports[ended.index] = replace(done, output=plain(output), error=None)
                else:
                    reports[ended.index] = replace(done, error=str(ended.error))
                    failures.append(ended.error)
                following = None if wanted.in_order and ended.error else next(waiting, None)
                if following is not None:
                    working.add(following)
        for each in waiting:
            each.close()
        return reports, failures

    def _input(self, ctx: Context, given: Assignment, before: Sequence[WorkReport]) -> object:
        """Return what a worker is handed; a language model that keeps a thread hears that before it."""
        member = self.team[given.to]
        if not self.threads:
            return input_for(ctx, member, given.input)
        done = ((each.input, each.output) for each in before if each.worker == given.to and each.error is None)
        return input_for(ctx, member, thread_of(given.to, done, given.input))
