"""`plan_execute`: a plan of tasks, each started once its inputs are there."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import BadAnswer, CallError, InvalidValue, PlanRefused
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.bounds import used_up
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import PARTS, plain
from podium.patterns.building.members import Member, Stage, abilities, at_least, by_name, gives, part
from podium.patterns.building.named import described
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.refusals import OnRefused, end_where_refused, ends_team, says_no
from podium.patterns.building.role import Role
from podium.patterns.parts.scheduling import Plan, PlanTask, TaskSchedule, estimated, sound, with_presets

_ATTEMPTS = 6
"""How often a task is tried where no number is given. Where 30 % of attempts fail, 7 of 10,000 tasks fail for good."""
_ATTEMPTS_ONCE = 2
"""How often it was tried in the first version of the patterns."""


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
    tasks: int = 500, on_refused: OnRefused = "end", report: Stage | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern:  # fmt: skip
    """A planner splits the task, workers do the parts; each part starts as soon as the results it needs are there.

    The planner takes `task` and `workers` (their names, with what they can do) and gives a `Plan`. Where a task fails
    for good, or the plan cannot be carried out, it is asked again, at most `replans` times. Then it is offered the
    former `plan` too, `done` (results by task id), `failed` (reasons by task id) and `refused` (why the plan cannot be
    carried out), and gives a plan for what is left; what is done is not done again. A worker takes the input that the
    plan has for it where its task is `after` none, else parts `task` (that input) and `inputs` (results by task id).

    At most `at_once` tasks run at once, those on the longest remaining path first; where the plan does not say how many
    `seconds` a task takes, it is what calls of its worker took so far. A task is tried `attempts` times in all, six
    times where no number is given, from the second time on by the next of its worker and its alternatives. Whoever will
    not do it is not asked again; where a policy, a guard or a person does not let a worker do it, nobody is, unless
    `on_refused="go_on"`. Where a task fails for good, whatever does not need it runs on; then the planner is asked
    again, or the refusal ends the team.

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
    able = abilities("plan_execute", planning.who, members)
    crew = _Workers(roles, at_once, attempts, on_refused)
    reporting = None if report is None else _reporter(report)

    async def body(ctx: Context, task: object, kept: SoFar[Executed]) -> object:
        so_far, told = _Progress(), await described(ctx, able, members)

        def checked(given: Plan) -> list[PlanTask]:
            plan = so_far.plan = given if begun_with(ctx, 2) else with_presets(given)
            if not plan.tasks and not so_far.failed:
                raise PlanRefused(f"plan_execute: {planning.who}, its planner, gave a plan without tasks.")
            return sound(plan, workers=able, done=so_far.done, most=tasks)

        failures: Mapping[str, Exception] = {}
        for replan in range(replans + 1):
            try:
                left = await planning.settle(ctx, checked, PARTS, task=task, workers=told, **so_far.told())
            except (PlanRefused, BadAnswer) as error:
                if replan == replans:
                    raise
                so_far.refused = str(error)
                continue
            so_far.refused = None
            failures = await crew.carry_out(ctx, left, so_far.done)
            so_far.failed = {each: str(error) for each, error in failures.items()}
            so_far.tell(kept, replan)
            if not failures:
                done = so_far.done
                return await reporting(ctx, task, done) if reporting else Executed(results=done, replans=replan)
            end_where_refused(ctx, on_refused, failures.values())
        stands, remedy = f"tasks failed: {so_far.reasons()}", "raise `attempts`, or have the planner name alternatives"
        raise used_up("plan_execute", "replans", replans, stands, remedy, failures.values())

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
    on_refused: OnRefused

    async def carry_out(self, ctx: Context, tasks: Sequence[PlanTask], done: dict[str, Json]) -> dict[str, Exception]:
        """Do the tasks; adds their results to `done`, and returns what those failed with that did."""
        if len(tasks) > self.at_once and any(each.seconds is None for each in tasks) and begun_with(ctx, 2):
            tasks = estimated(tasks, await self._took(ctx))
        schedule, failed = TaskSchedule(tasks, at_once=self.at_once), dict[str, Exception]()
        started = schedule.start()
        async with ctx.select(*[self._begin(ctx, each, done) for each in started]) as ended:
            async for branch in ended:
                task = started[branch.index]
                schedule.end(task, succeeded=branch.error is None)
                if branch.error is None:
                    done[task.id] = branch.value()
                else:
                    failed[task.id] = branch.error
                for each in schedule.start():
                    started.append(each)
                    ended.add(self._begin(ctx, each, done))
        return failed

    async def _took(self, ctx: Context) -> dict[str, float]:
        """Return how many seconds calls of each worker took on average, where that is known."""
        times = dict[str, list[tuple[float, int]]]()
        for each in await ctx.records(*sorted(self.roles)):
            if each.seconds is not None:
                times.setdefault(each.agent, []).append((each.seconds, each.done + each.failed or 1))
        return {who: sum(s * n for s, n in some) / sum(n for _, n in some) for who, some in times.items()}

    def _begin(self, ctx: Context, task: PlanTask, done: Mapping[str, Json]) -> Primitive[Json]:
        return ctx.branch(self._work, task, {each: done[each] for each in task.after})

    async def _work(self, ctx: Context, task: PlanTask, inputs: Mapping[str, Json]) -> Json:
        """Have a task done: again, and by the next one who could do it, until it is or no attempt is left."""
        now, named = begun_with(ctx, 2), [task.worker, *task.alternatives]
        able = deque(dict.fromkeys(named) if now else named)
        attempts = self.attempts or (_ATTEMPTS if now else _ATTEMPTS_ONCE)
        while True:
            role = self.roles[able[0]]
            attempts -= 1
            try:
                if not task.after:
                    return plain(await role.ask(ctx, task.input, task=task.input))
                return plain(await role.ask(ctx, PARTS, task=task.input, inputs=inputs))
            except (CallError, InvalidValue) as error:
                if says_no(ctx, error):
                    able.popleft()
                else:
                    able.rotate(-1)
                if not attempts or not able or ends_team(ctx, self.on_refused, error):
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
