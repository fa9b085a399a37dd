"""`plan_execute`: a plan of tasks, each started once its inputs are there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import BadAnswer, CallError, CallFailed, CallRefused, InvalidValue, PlanRefused
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.patterns.building.bounds import used_up
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import PARTS, plain
from podium.patterns.building.members import Member, Stage, about, at_least, by_name, gives, part
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role
from podium.patterns.parts.scheduling import Plan, PlanTask, Schedule, sound

_IN_A_ROW = 2
"""How many attempts a task had before it was tried six times."""
_IN_ALL = 6
"""How many it has where no number is said. Where 30 % of them fail, 7 of 10,000 tasks fail for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """The result of a plan: the results by task id, and how often it was planned again."""

    results: Mapping[str, Json]
    replans: int


@dataclass(slots=True)
class _Progress:
    """How far it is: all that a planner has to know to plan what is left."""

    plan: Plan | None = None
    """The last plan that could be read."""
    done: dict[str, Json] = field(default_factory=dict[str, Json])
    """Results by task id."""
    failed: dict[str, str] | None = None
    """Reasons by task id, of the plan that was carried out last; None before one was."""
    refused: str | None = None
    """Why the last plan could not be carried out."""

    def told(self) -> dict[str, object]:
        """Return the parts that a planner is offered when it is asked again; nothing at first."""
        if self.failed is None:
            return {"plan": self.plan, "refused": self.refused}
        return {"plan": self.plan, "done": self.done, "failed": self.failed, "refused": self.refused}

    def tell(self, kept: SoFar[Executed], replans: int) -> None:
        """Say what there is: what is done, if anything is."""
        if self.done:
            kept.reached(Executed(results=self.done, replans=replans))

    def reasons(self) -> str:
        """Return in one line what failed, and why."""
        return "; ".join(f"{each!r}: {why}" for each, why in (self.failed or {}).items())


@pattern
def plan_execute(
    planner: Member, workers: Sequence[Member], *, at_once: int = 8, attempts: int | None = None, replans: int = 1,
    tasks: int = 500, report: Stage | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern:  # fmt: skip
    """A planner splits the task, workers do the parts; each part starts as soon as the results it needs are there.

    The planner takes `task` and `workers` (their names, with what they can do) and gives a `Plan`. Where a task fails
    for good, or the plan cannot be carried out, it is asked again, at most `replans` times. Then it is offered the
    former `plan` too, `done` (results by task id), `failed` (reasons by task id) and `refused` (why the plan cannot be
    carried out), and gives a plan for what is left; what is done is not done again. A worker takes the input that the
    plan has for it where its task is `after` none, else parts `task` (that input) and `inputs` (results by task id).

    At most `at_once` tasks run at once, those on the longest remaining path first. A task is tried `attempts` times in
    all, six times where none are given, from the second time on by the next of its worker and its alternatives; what is
    refused is not tried six times. Where one fails for good, whatever does not need it runs on; then the planner is
    asked again.

    `report` makes the value: an agent that takes `results`, or parts `task` and `results`; or a function of the
    results (a rule in CEL knows the `results`). Without it the value is `Executed`.

    A plan cannot be carried out, and nothing of it runs, with more than `tasks` tasks, with a circle, an unknown
    worker, an id that is there twice, or a task that waits for an unknown task. Raises PlanRefused where no replan is
    left then, and BoundReached where none is left and tasks failed. The method is critical-path list scheduling (Kwok
    and Ahmad 1999, doi:10.1145/344588.344618).
    """
    bounds = [("at_once", at_once, 1), ("attempts", attempts, 1), ("replans", replans, 0), ("tasks", tasks, 1)]
    for option, value, least in bounds:
        if value is not None:
            at_least("plan_execute", option, value, least)
    offers = ("task", "workers", "plan", "done", "failed", "refused")
    planning = Role[Plan]("plan_execute", "planner", planner, offers=offers, gives=Plan)
    members = by_name("plan_execute", workers, what="workers")
    roles = {
        each: Role[object]("plan_execute", "worker", who, offers=("task", "inputs")) for each, who in members.items()
    }
    able = {each: about(who) for each, who in members.items()}
    crew, reporting = _Workers(roles, at_once, attempts), None if report is None else _reporter(report)

    async def body(ctx: Context, task: object, kept: SoFar[Executed]) -> object:
        so_far = _Progress()

        def checked(plan: Plan) -> list[PlanTask]:
            so_far.plan = plan
            if not plan.tasks and not so_far.failed:
                raise PlanRefused(f"plan_execute: {planning.who}, its planner, gave a plan without tasks.")
            return sound(plan, workers=able, done=so_far.done, most=tasks)

        for replan in range(replans + 1):
            try:
                left = await planning.settle(ctx, checked, PARTS, task=task, workers=able, **so_far.told())
            except (PlanRefused, BadAnswer) as error:
                if replan == replans:
                    raise
                so_far.refused = str(error)
                continue
            so_far.refused = None
            so_far.failed = await crew.carry_out(ctx, left, so_far.done)
            so_far.tell(kept, replan)
            if not so_far.failed:
                done = so_far.done
                return await reporting(ctx, task, done) if reporting else Executed(results=done, replans=replan)
        stands, remedy = f"tasks failed: {so_far.reasons()}", "raise `attempts`, or have the planner name alternatives"
        raise used_up("plan_execute", "replans", replans, stands, remedy)

    return Pattern(
        body, kind="plan_execute", name=name, card=card, sketch=_sketch(planning.member, members, report, replans),
        takes=part(planning.member, "task"), gives=Executed if report is None else gives(report),
        has=Executed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Workers:
    """Those who carry out a plan."""

    roles: Mapping[str, Role[object]]
    at_once: int
    attempts: int | None

    async def carry_out(self, ctx: Context, tasks: Sequence[PlanTask], done: dict[str, Json]) -> dict[str, str]:
        """Do the tasks; adds their results to `done`, and returns the reasons of those that failed."""
        schedule, failed, persisted = Schedule(tasks, at_once=self.at_once), dict[str, str](), set[str]()
        started = schedule.start()
        async with ctx.select(*[self._begin(ctx, each, done) for each in started]) as ended:
            async for branch in ended:
                task, error = started[branch.index], branch.error
                if error is not None and task.id not in persisted and self._persists(ctx, error):
                    persisted.add(task.id)
                    try:
                        ended.add(self._begin(ctx, task, done, _IN_A_ROW, _IN_ALL))
                    except CallRefused as refused:
                        error = refused
                    else:
                        started.append(task)
                        continue
                schedule.end(task, succeeded=error is None)
                if error is None:
                    done[task.id] = branch.value()
                else:
                    failed[task.id] = str(error)
                for each in schedule.start():
                    started.append(each)
                    ended.add(self._begin(ctx, each, done))
        return failed

    def _persists(self, ctx: Context, error: Exception) -> bool:
        """Whether a task that failed is tried further; what is refused stays so, however often it is asked for.

        In runs that were recorded before, a task was given up after its first attempts.
        """
        return self.attempts is None and not _is_refusal(error) and ctx.changed("plan_execute tries a task six times")

    def _begin(
        self, ctx: Context, task: PlanTask, done: Mapping[str, Json], first: int = 0, last: int | None = None
    ) -> Primitive[Json]:  # fmt: skip
        inputs = {each: done[each] for each in task.after}
        return ctx.branch(self._work, task, inputs, first, last or self.attempts or _IN_A_ROW)

    async def _work(self, ctx: Context, task: PlanTask, inputs: Mapping[str, Json], attempt: int, last: int) -> Json:
        """Have a task done: again, and by the next one who could do it, until it is or no attempt is left."""
        able = [task.worker, *task.alternatives]
        while True:
            role = self.roles[able[attempt % len(able)]]
            attempt += 1
            try:
                if not task.after:
                    return plain(await role.ask(ctx, task.input, task=task.input))
                return plain(await role.ask(ctx, PARTS, task=task.input, inputs=inputs))
            except (CallError, InvalidValue):
                if attempt == last:
                    raise


def _is_refusal(error: Exception) -> bool:
    """Whether a call failed because somebody would not do it, or a rule forbade it."""
    return isinstance(error, CallRefused) or (isinstance(error, CallFailed) and error.kind == FailureKind.REFUSAL)


def _reporter(stage: Stage) -> Callable[[Context, object, Mapping[str, Json]], Awaitable[object]]:
    """Return what makes the value of the task and the results: an agent, or a function that stands in its place."""
    if isinstance(stage, str) or is_agent(stage) or not callable(stage):
        role = Role[object]("plan_execute", "report", stage, offers=("task", "results"))

        async def ask(ctx: Context, task: object, results: Mapping[str, Json]) -> object:
            return await role.ask(ctx, results, task=task, results=results)

        return ask
    function = rule(stage, "results")

    async def work_out(_ctx: Context, _task: object, results: Mapping[str, Json]) -> object:
        return function(results)

    return work_out


def _sketch(planner: Member, workers: Mapping[str, Member], report: Stage | None, replans: int) -> Sketch:
    crew = {f"worker {number}": each for number, each in enumerate(workers.values(), start=1)}
    links = [Link("planner", each, "tasks") for each in crew]
    links += [Link(each, "planner", f"failed: planned again, at most {replans} times") for each in crew if replans]
    parts: dict[str, Stage] = {"planner": planner, **crew}
    if report is not None:
        parts["report"] = report
        links += [Link(each, "report", "results") for each in crew]
    return Sketch(parts=parts, links=links)
