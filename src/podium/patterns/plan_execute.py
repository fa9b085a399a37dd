"""`plan_execute`: a plan of tasks, each started once its inputs are there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import BadAnswer, BoundReached, CallError, CallRefused, InvalidValue, PlanRefused
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import PARTS, plain
from podium.patterns.building.members import Member, Stage, about, at_least, by_name, gives, part
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.refusals import OnRefused, end_where_refused, ends_team, says_no
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

    def reasons(self) -> str:
        """Return in one line what failed, and why."""
        return "; ".join(f"{each!r}: {why}" for each, why in (self.failed or {}).items())


@pattern
def plan_execute(
    planner: Member, workers: Sequence[Member], *, at_once: int = 8, attempts: int | None = None, replans: int = 1,
    tasks: int = 500, on_refused: OnRefused = "end", report: Stage | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern:  # fmt: skip
    """A planner splits the task, workers do the parts; each part starts as soon as the results it needs are there.

    The planner takes `task` and `workers` (their names, with what they can do) and gives a `Plan`. Where a task fails
    for good, or the plan cannot be carried out, it is asked again, at most `replans` times. Then it is offered the
    former `plan` too, `done` (results by task id), `failed` (reasons by task id) and `refused` (why the plan cannot be
    carried out), and gives a plan for what is left; what is done is not done again. A worker takes the input that the
    plan has for it where its task is `after` none, else parts `task` (that input) and `inputs` (results by task id).

    At most `at_once` tasks run at once, those on the longest remaining path first. A task is tried `attempts` times in
    all, six times where none are given, from the second time on by the next of its worker and its alternatives. One who
    refuses, or came to an end without a result, is not asked again. Where a policy, a guard or a person does not let
    one of them do it, nobody else does it instead, unless `on_refused="go_on"` has that count as any other failure.
    Where a task fails for good, whatever does not need it runs on; then the planner is asked again, or the refusal ends
    it.

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
    crew = _Workers(roles, at_once, attempts, on_refused)
    reporting = None if report is None else _reporter(report)

    async def body(ctx: Context, task: object) -> object:
        so_far = _Progress()

        def checked(plan: Plan) -> list[PlanTask]:
            so_far.plan = plan
            if not plan.tasks and not so_far.failed:
                raise PlanRefused(f"plan_execute: {planning.who}, its planner, gave a plan without tasks.")
            return sound(plan, workers=able, done=so_far.done, most=tasks)

        failures: Mapping[str, Exception] = {}
        for replan in range(replans + 1):
            try:
                left = await planning.settle(ctx, checked, PARTS, task=task, workers=able, **so_far.told())
            except (PlanRefused, BadAnswer) as error:
                if replan == replans:
                    raise
                so_far.refused = str(error)
                continue
            so_far.refused = None
            failures = await crew.carry_out(ctx, left, so_far.done)
            so_far.failed = {each: str(error) for each, error in failures.items()}
            if not failures:
                done = so_far.done
                return await reporting(ctx, task, done) if reporting else Executed(results=done, replans=replan)
            end_where_refused(ctx, on_refused, failures.values())
        raise BoundReached(
            f"plan_execute: tasks failed, and no replan is left of {replans}: {so_far.reasons()}. "
            "Raise `replans` or `attempts`, or have the planner name alternatives.",
            failures=list(failures.values()),
        )

    return Pattern(
        body, kind="plan_execute", name=name, card=card, sketch=_sketch(planning.member, members, report, replans),
        takes=part(planning.member, "task"), gives=Executed if report is None else gives(report),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Workers:
    """Those who carry out a plan."""

    roles: Mapping[str, Role[object]]
    at_once: int
    attempts: int | None
    on_refused: OnRefused

    async def carry_out(self, ctx: Context, tasks: Sequence[PlanTask], done: dict[str, Json]) -> dict[str, Exception]:
        """Do the tasks; adds their results to `done`, and returns what those failed with that did."""
        schedule, failed, persisted = Schedule(tasks, at_once=self.at_once), dict[str, Exception](), set[str]()
        able = {each.id: [each.worker, *each.alternatives] for each in tasks}
        started = schedule.start()
        async with ctx.select(*[self._begin(ctx, each, done, able[each.id]) for each in started]) as ended:
            async for branch in ended:
                task, error = started[branch.index], branch.error
                if error is not None and task.id not in persisted and self._persists(ctx, able[task.id]):
                    persisted.add(task.id)
                    try:
                        ended.add(self._begin(ctx, task, done, able[task.id], _IN_ALL - _IN_A_ROW))
                    except CallRefused as refused:
                        error = refused
                    else:
                        started.append(task)
                        continue
                schedule.end(task, succeeded=error is None)
                if error is None:
                    done[task.id] = branch.value()
                else:
                    failed[task.id] = error
                for each in schedule.start():
                    started.append(each)
                    ended.add(self._begin(ctx, each, done, able[each.id]))
        return failed

    def _persists(self, ctx: Context, able: Sequence[str]) -> bool:
        """Whether a task that failed is tried further, as some may be able to do it yet.

        In runs that an older release began, a task was given up after its first attempts.
        """
        return self.attempts is None and bool(able) and begun_with(ctx, 2)

    def _begin(
        self, ctx: Context, task: PlanTask, done: Mapping[str, Json], able: list[str], tries: int | None = None
    ) -> Primitive[Json]:  # fmt: skip
        inputs = {each: done[each] for each in task.after}
        return ctx.branch(self._work, task, inputs, able, tries or self.attempts or _IN_A_ROW)

    async def _work(
        self, ctx: Context, task: PlanTask, inputs: Mapping[str, Json], able: list[str], tries: int
    ) -> Json:  # fmt: skip
        """Have a task done by those who are able to: each time by the next one, until it is or no attempt is left.

        Who says no is not asked again. Where one may not do it, nobody is able to.
        """
        while True:
            who, tries = able.pop(0), tries - 1
            try:
                if not task.after:
                    return plain(await self.roles[who].ask(ctx, task.input, task=task.input))
                return plain(await self.roles[who].ask(ctx, PARTS, task=task.input, inputs=inputs))
            except (CallError, InvalidValue) as error:
                if ends_team(ctx, self.on_refused, error):
                    able.clear()
                elif says_no(ctx, error):
                    able[:] = [each for each in able if each != who]
                else:
                    able.append(who)
                if not (able and tries):
                    raise


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
