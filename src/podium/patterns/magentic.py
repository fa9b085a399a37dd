"""`magentic`: a task ledger and a progress ledger, replanned when it stalls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Unpack

from podium.engine.context import Context
from podium.errors import CallError, GateClosed, InvalidValue, NoDecision
from podium.model.json import Json
from podium.model.question import Approval
from podium.model.task import Task
from podium.model.told import Utterance
from podium.patterns.building.added import added
from podium.patterns.building.inputs import Talk, plain, said_by, sections, thread_of
from podium.patterns.building.last_word import TeamResult, last_word
from podium.patterns.building.members import Member, Stage, abilities, at_least, by_name, part
from podium.patterns.building.named import described
from podium.patterns.building.names import choices, named
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.refusals import OnRefused, end_where_refused
from podium.patterns.building.role import Role, T
from podium.patterns.parts.ends import EndWhen, ends_of

MagenticEnd = Literal["satisfied", "bound", "stalled", "condition", "rounds"]
"""How it ended: the task is done, the rounds are used up, it stalled and no reset was left, or `until` has come.

`rounds` is what `bound` is called in runs that were begun with version 1 of the patterns.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLedger:
    """What is known of the task: facts given, to be looked up, derived or guessed; and the plan, worker by worker."""

    facts: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressLedger:
    """Where the task stands, and who does what next.

    `satisfied`: whether the task is done. `looping`: whether the same is done again and again. `progressing`: whether
    the latest steps brought it forward. `next`: the name of the worker who goes on. `instruction`: what they are to do.
    """

    satisfied: bool
    looping: bool
    progressing: bool
    next: str
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One step since the plan was made: what a worker answered, or why there is no answer."""

    round: int
    worker: str
    instruction: str
    answer: Json = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MagenticResult(TeamResult):
    """The final answer, and how many progress ledgers (`rounds`) and new plans (`replans`) it took."""

    answer: Json
    satisfied: bool
    rounds: int
    replans: int
    ended: MagenticEnd
    ended_by: "Annotated[str, added()]" = ""
    """Which end of `until` has come, in words; empty where none has."""

    @property
    def last(self) -> Json:
        """The answer."""
        return self.answer


@pattern
def magentic(
    orchestrator: Member, workers: Sequence[Member] = (), *, ledger: Member | None = None, final: Member | None = None,
    offering: str | None = None, rounds: int = 20, max_stalls: int = 3, resets: int = 2, review: str | None = None,
    reviews: int = 3, threads: bool = False, last_only: bool = False, on_refused: OnRefused = "end",
    until: EndWhen | Callable[[list[HistoryEntry]], bool] | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern[object, MagenticResult]:  # fmt: skip
    """An orchestrator plans, picks a worker step by step, and plans again when it stalls; gives a MagenticResult.

    Its three steps may be three members; `ledger` and `final` are the `orchestrator` too unless given. All are offered
    `step`, `task`, `ledger` and `history`, the first two steps also `workers` (what each can do, by name):

    - step "plan", by `ledger`: gives a TaskLedger. When it plans again, `ledger` is the former one and `history` what
      was done since; after a review `remarks` are the reviewer's. Otherwise these are None.
    - step "progress", by the `orchestrator`: gives a ProgressLedger. Unless that says satisfied, the worker named in it
      takes its `instruction`, or parts `instruction`, `task` and `history` (a language model and a person see all), and
      the answer joins the history. So does a worker's failure; but where a policy, a guard or a person does not let it
      do its work, that ends the team, so that nobody else does it instead, unless `on_refused="go_on"` has that join
      the history too. With `threads`, a worker that is a language model hears in place of the history what itself was
      asked and answered before, over all plans. With `last_only`, a team in the place of a worker answers only its last
      message, or its answer, and not how it came to that.
    - step "final", by `final`: gives the answer. It sees in `ended` how it ended, in `history` all that was done, also
      before it planned again, and is asked in every case.

    A progress ledger that says looping, or not progressing, or names a worker who is not there, adds one to the stall
    counter; any other takes one off. At `max_stalls` no worker is asked; it plans again with an empty history, at most
    `resets` times; then it ends as stalled. At most `rounds` progress ledgers are made in all: then it ends as `bound`.

    With `offering`, all who offer this capability when it is planned are workers too; what they take is known only by
    their description. `until`, an end or a rule of the `history` since the last plan, ends it too (a turn is a
    progress ledger with what follows), and the final answer is asked for. With `review`, a person or role approves each
    new plan, edits it, or rejects it with a comment, which goes back as `remarks`. Raises GateClosed where a plan is
    rejected `reviews` times, and NoDecision where nobody is found. After Magentic-One
    (arXiv 2411.04468) and its published code.
    """
    for option, value, least in [("rounds", rounds, 1), ("max_stalls", max_stalls, 1), ("resets", resets, 0)]:
        at_least("magentic", option, value, least)
    at_least("magentic", "reviews", reviews)
    offers = ("step", "task", "workers", "ledger", "history")
    progressing = Role("magentic", "orchestrator", orchestrator, offers=offers, gives=ProgressLedger)
    planning = Role(
        "magentic", "ledger", orchestrator if ledger is None else ledger, offers=(*offers, "remarks"), gives=TaskLedger
    )
    ending = Role[object]("magentic", "final", orchestrator if final is None else final, offers=(*offers, "ended"))
    given = by_name("magentic", workers, least=0 if offering else 1, what="workers")
    outsiders = {progressing.who, planning.who, ending.who, name or ""}
    enough = ends_of("magentic", until, None if offering else given, history=list[HistoryEntry])
    planner = _Planner(progressing.who, planning, review, reviews)
    asking = _Instructing(progressing.who, threads=threads, last_only=last_only)
    able = abilities("magentic", progressing.who, given)
    crew = _Crew(asking, given, able, offering, frozenset(outsiders), on_refused)

    async def body(ctx: Context, task: object, so_far: SoFar[list[HistoryEntry]]) -> MagenticResult:
        team = await crew.gathered(ctx)
        plan = await planner.plan(ctx, task, team.able)
        whole = begun_with(ctx, 2)
        history, findings, stalls, replans, number = list[HistoryEntry](), list[HistoryEntry](), 0, 0, 0
        ended: MagenticEnd = "bound" if whole else "rounds"
        over, ended_by = enough.begin(ctx), ""
        for number in range(1, rounds + 1):
            parts = {"step": "progress", "task": task, "workers": team.able, "ledger": plan, "history": history}
            said = await _asked(ctx, progressing, progressing.who, history, parts, team.known if whole else None)
            progress = team.meant(said) if whole else said
            if progress.satisfied:
                ended = "satisfied"
                break
            stalled = progress.looping or not progress.progressing or progress.next not in team.roles
            stalls = stalls + 1 if stalled else max(0, stalls - 1)
            if stalls < max_stalls:
                history.append(await team.step(ctx, task, progress, history, number, findings))
                findings.append(history[-1])
                so_far.reached(findings)
                over.note(history[-1].worker, history[-1].answer)
            elif whole and number == rounds:
                break
            elif replans == resets:
                ended = "stalled"
                break
            if ended_by := await over.came(number, list(history)) or "":
                ended = "condition"
                break
            if stalls < max_stalls:
                continue
            team = await crew.gathered(ctx)
            plan = await planner.plan(ctx, task, team.able, plan, history)
            history, stalls, replans = [], 0, replans + 1
        found = findings if whole else history
        parts = {"step": "final", "task": task, "ledger": plan, "history": found, "ended": ended}
        answer = plain(await _asked(ctx, ending, progressing.who, found, parts))
        return MagenticResult(
            answer=answer, satisfied=ended == "satisfied", rounds=number, replans=replans, ended=ended,
            ended_by=ended_by,
        )  # fmt: skip

    return Pattern(
        body, kind="magentic", name=name, card=card, gives=MagenticResult,
        sketch=_sketch(orchestrator, given, {"ledger": ledger, "final": final}, offering, review),
        takes=part(progressing.member, "task"), has=list[HistoryEntry],
    )  # fmt: skip


async def _asked(
    ctx: Context, role: Role[T], lead: str, history: Sequence[HistoryEntry], parts: Mapping[str, object],
    accept: Callable[[T], object] | None = None,
) -> T:  # fmt: skip
    """Return what somebody gives for a step; a language model hears the task and the history as messages.

    Where `accept` raises what is wrong with it another answer is asked for; the last one is returned as it is.
    """
    asked = {name: each for name, each in parts.items() if name not in ("task", "history")}
    said = [said_by(None, parts["task"]), *_heard(lead, history)]
    return await role.ask(ctx, Talk(said=said, ask=sections(asked)), None, accept, **parts)


def _heard(lead: str, history: Sequence[HistoryEntry]) -> Iterator[Utterance]:
    """Give what the workers were told, and what they answered."""
    for each in history:
        yield said_by(lead, f"To {each.worker}: {each.instruction}")
        yield said_by(each.worker, each.answer if each.error is None else f"failed: {each.error}")


@dataclass(frozen=True, slots=True)
class _Planner:
    """Whoever keeps the task ledger, and whoever reviews it."""

    lead: str
    """The name of whoever picks the workers."""
    role: Role[TaskLedger]
    review: str | None
    reviews: int

    async def plan(
        self, ctx: Context, task: object, able: Mapping[str, str], former: TaskLedger | None = None,
        history: Sequence[HistoryEntry] | None = None,
    ) -> TaskLedger:  # fmt: skip
        """Return a new task ledger, approved where a person reviews it; raises GateClosed where nobody approves it."""
        parts = {"step": "plan", "task": task, "workers": able, "ledger": former, "history": history}
        ledger = await _asked(ctx, self.role, self.lead, history or (), parts)
        if self.review is None:
            return ledger
        remarks, by = "", tuple[str, ...]()
        for number in range(self.reviews):
            if number:
                again = {**parts, "ledger": ledger, "remarks": remarks}
                ledger = await _asked(ctx, self.role, self.lead, history or (), again)
            question = Approval("Approve the plan?", {"task": plain(task), "ledger": plain(ledger)}, edit=TaskLedger)
            decision = await ctx.ask(question, to=self.review)
            if decision.approved:
                return decision.value if decision.edited else ledger
            remarks, by = decision.comment or "It was rejected, without a comment.", decision.by
        raise GateClosed(
            f"magentic: {self.review} rejected {self.reviews} plans of {self.role.who}; the last comment: {remarks!r}. "
            "Allow more `reviews`, or edit the plan instead of rejecting it.",
            by=by,
        )


@dataclass(frozen=True, slots=True)
class _Instructing:
    """How workers are asked."""

    lead: str
    """The name of whoever picks them."""
    threads: bool
    last_only: bool

    def told(
        self, ctx: Context, task: object, given: ProgressLedger, history: Sequence[HistoryEntry],
        findings: Sequence[HistoryEntry],
    ) -> object:  # fmt: skip
        """Return what stands for the parts together: a language model hears messages before its instruction."""
        instruction, first = given.instruction, said_by(None, task)
        if self.threads:
            own = (each for each in findings if each.worker == given.next and each.error is None)
            return thread_of(given.next, ((each.instruction, each.answer) for each in own), instruction, first)
        if begun_with(ctx, 2):
            return Talk(said=[first, *_heard(self.lead, history)], ask=instruction, whole=instruction)
        return instruction


@dataclass(frozen=True, slots=True)
class _Team:
    """The workers of one plan."""

    asking: _Instructing
    roles: Mapping[str, Role[object]]
    able: Mapping[str, str]
    """What each can do, by name."""
    on_refused: OnRefused

    def meant(self, progress: ProgressLedger) -> ProgressLedger:
        """Return a ledger with the name of the worker who is meant, where that is clear."""
        return replace(progress, next=named(progress.next, self.roles) or progress.next)

    def known(self, progress: ProgressLedger) -> None:
        """Raise NoDecision where a ledger has somebody go on who is not there, and does not say that it is stuck."""
        stuck = progress.looping or not progress.progressing
        if not progress.satisfied and not stuck and self.meant(progress).next not in self.roles:
            raise NoDecision(f"magentic: {progress.next!r} was to go on: {choices(progress.next, self.roles)}.")

    async def step(
        self, ctx: Context, task: object, progress: ProgressLedger, history: Sequence[HistoryEntry], number: int,
        findings: Sequence[HistoryEntry],
    ) -> HistoryEntry:  # fmt: skip
        """Have the next worker do its instruction; a failure, or an unknown worker, becomes an entry too.

        `findings` are the steps of all plans.
        """
        who, instruction = progress.next, progress.instruction
        if who not in self.roles:
            error = f"there is no worker {who!r}: there is {', '.join(self.roles)}."
            return HistoryEntry(round=number, worker=who, instruction=instruction, error=error)
        try:
            told = self.asking.told(ctx, task, progress, history, findings)
            answer = await self.roles[who].ask(ctx, told, instruction=instruction, task=task, history=history)
        except (CallError, InvalidValue) as error:
            end_where_refused(ctx, self.on_refused, [error])
            return HistoryEntry(round=number, worker=who, instruction=instruction, error=str(error))
        said = last_word(answer) if self.asking.last_only else answer
        return HistoryEntry(round=number, worker=who, instruction=instruction, answer=plain(said))


@dataclass(frozen=True, slots=True)
class _Crew:
    """Where the workers come from: those given, and those who offer a capability."""

    asking: _Instructing
    given: Mapping[str, Member]
    able: Mapping[str, str]
    """What those given can do, as far as it is known before the run."""
    offering: str | None
    outsiders: frozenset[str]
    """Those who may offer it too, and are no workers: whoever orchestrates, and the pattern itself."""
    on_refused: OnRefused

    async def gathered(self, ctx: Context) -> _Team:
        """Return all workers there are now; raises NoDecision where there are none."""
        members, able = dict(self.given), await described(ctx, self.able, self.given)
        if self.offering is not None:
            for found in await ctx.find(self.offering):
                if found.name not in self.outsiders and found.name not in members:
                    members[found.name], able[found.name] = found.name, found.description
        if not members:
            raise NoDecision(
                f"magentic: nobody offers {self.offering!r}: register somebody who does, or give workers. "
                "Those whom a policy forbids anyway do not count."
            )
        offers = ("instruction", "task", "history")
        roles = {each: Role[object]("magentic", "worker", who, offers=offers) for each, who in members.items()}
        return _Team(self.asking, roles, able, self.on_refused)


def _sketch(
    orchestrator: Member, workers: Mapping[str, Member], others: Mapping[str, Member | None], offering: str | None,
    review: str | None,
) -> Sketch:  # fmt: skip
    crew: dict[str, Stage | Task | None] = {f"worker {n}": each for n, each in enumerate(workers.values(), start=1)}
    if offering is not None:
        crew["found"] = Task(capability=offering)
    parts: dict[str, Stage | Task | None] = {"orchestrator": orchestrator, **crew}
    links = [Link("orchestrator", each, "instruction") for each in crew]
    links += [Link(each, "orchestrator", "answer") for each in crew]
    ledger, final = others["ledger"], others["final"]
    if ledger is not None:
        parts["ledger"] = ledger
        links += [Link("ledger", "orchestrator", "plan"), Link("orchestrator", "ledger", "stalled")]
    if review is not None:
        parts[f"review by {review}"] = None
        planner = "orchestrator" if ledger is None else "ledger"
        links += [Link(planner, f"review by {review}", "plan"), Link(f"review by {review}", planner, "remarks")]
    if final is not None:
        parts["final"] = final
        links.append(Link("orchestrator", "final", "ended"))
    return Sketch(parts=parts, links=links)
