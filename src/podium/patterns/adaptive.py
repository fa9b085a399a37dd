"""`adaptive`: looks at the task and picks the pattern."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from podium.engine.context import Context
from podium.errors import PatternError
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.model.track_record import TrackRecord
from podium.patterns.building.inputs import plain
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.members import Member, at_least, same_input
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role
from podium.patterns.building.talking import speaking
from podium.patterns.parts.topology import Fit, Measures, TaskShape, by_adaptorch, by_scaling, kept, measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The rule of "Towards a science of scaling agent systems" (arXiv 2512.08296).

    Parts that follow strictly on each other stay with the single agent (every team did worse on such: by 39 to 70 %).
    Parts that can be worked on side by side go to the centralised team (81 % better), but with `many_tools` or more to
    the decentralised one: with the 16 tools of the paper's tool-heavy benchmark it was 5.7 % better than one agent, and
    the centralised team 1.2 % worse.
    """

    centralised: Member
    decentralised: Member
    many_tools: int = 16

    def members(self) -> Mapping[str, Member]:
        """Return whom it chooses from."""
        return {"centralised": self.centralised, "decentralised": self.decentralised}

    def choose(self, task: Measures) -> Fit:
        """Return who fits."""
        return by_scaling(task, many_tools=self.many_tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptOrch:
    """The rule of AdaptOrch (arXiv 2602.16873, algorithm 1, with its thresholds).

    None waits for another: `parallel`. All in one chain: `sequential`. Coupling above `coupling`, and more than `size`
    parts: `hierarchical`. More than the share `width` of them side by side, and no such coupling: `parallel`. Else
    `hybrid`, parallel within a layer and sequential between them (a `plan_execute` is one). The width is counted
    exactly, where the paper takes that of the widest layer.
    """

    parallel: Member
    sequential: Member
    hierarchical: Member
    hybrid: Member
    width: float = 0.5
    coupling: float = 0.6
    size: int = 5

    def members(self) -> Mapping[str, Member]:
        """Return whom it chooses from."""
        names = ("parallel", "sequential", "hierarchical", "hybrid")
        return {name: getattr(self, name) for name in names}

    def choose(self, task: Measures) -> Fit:
        """Return who fits."""
        return by_adaptorch(task, width=self.width, coupling=self.coupling, size=self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted(TeamResult):
    """What came out, which shape of teamwork was chosen (`single`, `centralised`, …), and why."""

    value: Json
    chosen: str
    why: str

    @property
    def last(self) -> Json:
        """The value."""
        return self.value


@pattern
def adaptive(
    single: Member, *, analyst: Member, rule: Scaling | AdaptOrch, enough: float = 0.45, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern[object, Adapted]:  # fmt: skip
    """Look at the task, and at how a single agent did so far, and let the fitting team do it; gives an Adapted.

    Where the single agent is good enough already, it is called, and the analyst is not even asked: where, with 95 %
    confidence, more than the share `enough` of its calls work (the lower end of Wilson's interval; 4 of 4 are more than
    45 %, 3 of 3 are not yet). Above about 45 % more agents bring nothing or do harm (arXiv 2512.08296, where that is
    the share of tasks solved, so have the agent fail where its work is not good enough). With `enough=1` it never is.

    Else the analyst takes the `task` and gives a TaskShape, or JSON of that form, and the `rule` chooses: Scaling
    between the single agent, a centralised and a decentralised team; AdaptOrch among four topologies (a task of one
    part stays with the single agent). Whoever is chosen takes the task.

    Raises PlanRefused where the parts wait for each other, or for what is no part.
    """
    if not 0 <= enough <= 1:
        raise PatternError(f"adaptive was given enough={enough:g}: expected a share from 0 to 1.")
    _check(rule)
    analysing = Role("adaptive", "analyst", analyst, offers=("task",), gives=TaskShape)
    choices = {"single": single, **rule.members()}
    roles = {title: Role[object]("adaptive", title, each, offers=("task",)) for title, each in choices.items()}

    async def body(ctx: Context, task: object) -> Adapted:
        fit = kept(_own(single, await ctx.records(roles["single"].who)), enough)
        if fit is None:
            fit = rule.choose(await analysing.settle(ctx, measured, task, task=task))
        value = await roles[fit.chosen].ask(ctx, task, speaking(ctx), task=task)
        return Adapted(value=plain(value), chosen=fit.chosen, why=fit.why)

    parts = {"analyst": analysing.member} | {title: role.member for title, role in roles.items()}
    return Pattern(
        body,
        kind="adaptive",
        name=name,
        card=card,
        sketch=Sketch(parts=parts, links=[Link("analyst", title, "if it fits") for title in roles]),
        takes=same_input("adaptive", [role.member for role in roles.values()]),
        gives=Adapted,
    )


def _check(rule: Scaling | AdaptOrch) -> None:
    """Raise PatternError for thresholds that make no sense."""
    if isinstance(rule, Scaling):
        at_least("adaptive", "many_tools", rule.many_tools)
        return
    at_least("adaptive", "size", rule.size)
    for what, share in (("width", rule.width), ("coupling", rule.coupling)):
        if not 0 <= share <= 1:
            raise PatternError(f"adaptive was given {what}={share:g}: expected a share from 0 to 1.")


def _own(single: Member, records: Sequence[TrackRecord]) -> list[TrackRecord]:
    """Return the records of the version that is called; of all versions where only the name is known."""
    return [each for each in records if not is_agent(single) or each.version == single.card.version]
