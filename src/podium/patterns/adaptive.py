"""`adaptive`: looks at the task and picks the pattern."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from podium.engine.context import Context
from podium.errors import BadAnswer, PatternError
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.model.track_record import TrackRecord
from podium.patterns.building import expression
from podium.patterns.building.inputs import input_for, plain
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.members import Member, at_least, same_input
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.role import Role
from podium.patterns.building.talking import asked, speaking
from podium.patterns.parts.choosing import KindRecord, LearnedChoice, kept, tried
from podium.patterns.parts.topology import Fit, Measures, TaskShape, by_adaptorch, by_scaling, measured

_LONGEST_KIND = 80
"""Characters of the name of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The rule of "Towards a science of scaling agent systems" (arXiv 2512.08296).

    Parts that follow strictly on each other stay with the single agent: in planning of that sort every team did worse,
    by 39 to 70 %. Parts that can be worked on side by side go to the centralised team: it did 81 % better on analyses
    that can be divided. Two sorts of them go to the decentralised one: those in which what is found on the way decides
    what there is to do next (9.2 % better than one agent in searching the web, the centralised team 0.2 %), and those
    with `many_tools` or more (5.7 % better with the 16 tools of the benchmark with most, the centralised team 1.2 %
    worse).
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
    single: Member, *, analyst: Member, rule: Scaling | AdaptOrch, kind: Callable[[Any], str] | None = None,
    enough: float = 0.45, tries: int = 10, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Adapted]:  # fmt: skip
    """Look at the task, and at how who did so far at tasks of its kind, and let whoever fits do it; gives an Adapted.

    The analyst takes the `task` and gives a TaskShape, or JSON of that form, and the `rule` advises: Scaling between
    the single agent, a centralised and a decentralised team; AdaptOrch among four topologies (a task of one part stays
    with the single agent). The kind of the task is what the function or rule `kind` gives for it; else the `kind` that
    the analyst says; else what the rule advises. How its members did at each kind is counted apart: it is the label of
    their calls.

    Whoever the rule advises does it, until another one has the better record at this kind. To have records, each member
    is tried at most `tries` times at a kind, and at most at every fifth task of it; who is shown to do worse is not. So
    that is the most that trying costs; with `tries=0` nobody is tried. Where, with 95 % confidence, more than the share
    `enough` of the calls of the single agent work at a kind (the lower end of Wilson's interval: 4 of 4 are more than
    45 %), it is called, nobody else is tried, and with a `kind` of your own the analyst is not asked. Above about 45 %
    more agents bring nothing or do harm (arXiv 2512.08296, where that is the share of tasks solved, so have agents fail
    where their work is not good enough). With `enough=1` it is one of several.

    Raises PlanRefused where the parts wait for each other, or for what is no part.
    """
    if not 0 <= enough <= 1:
        raise PatternError(f"adaptive was given enough={enough:g}: expected a share from 0 to 1.")
    at_least("adaptive", "tries", tries, 0)
    _check(rule)
    analysing = Role("adaptive", "analyst", analyst, offers=("task",), gives=TaskShape)
    choices = {"single": single, **rule.members()}
    roles = {title: Role[object]("adaptive", title, each, offers=("task",)) for title, each in choices.items()}
    takes = same_input("adaptive", [role.member for role in roles.values()])
    sort = None if kind is None else expression.rule(kind, task=takes)
    crew, choice = _Candidates(roles), LearnedChoice(enough=enough, tries=tries)

    def advised(shape: TaskShape) -> tuple[Fit, str]:
        fit = rule.choose(measured(shape))
        return fit, _kind("the analyst", shape.kind) or fit.chosen

    async def by_kind(ctx: Context, task: object) -> tuple[Fit, str]:
        known = None if sort is None else _kind("the rule `kind`", sort(task))
        if not known:
            advice, known = await analysing.settle(ctx, advised, task, task=task)
            return crew.choose(choice, await crew.records(ctx, known), advice), known
        records = await crew.records(ctx, known)
        if sure := choice.without_advice(records):
            return sure, known
        advice, _ = await analysing.settle(ctx, advised, task, task=task)
        return crew.choose(choice, records, advice), known

    async def as_before(ctx: Context, task: object) -> tuple[Fit, str]:
        found = _own(single, await ctx.records(roles["single"].who))
        return kept(tried(found), enough) or (await analysing.settle(ctx, advised, task, task=task))[0], ""

    async def body(ctx: Context, task: object) -> Adapted:
        fit, known = await (by_kind if begun_with(ctx, 2) else as_before)(ctx, task)
        member = roles[fit.chosen].member
        given = input_for(ctx, member, task, task=task)
        value = await asked(ctx, member, given, speaking(ctx), label=known or None)
        return Adapted(value=plain(value), chosen=fit.chosen, why=fit.why)

    parts = {"analyst": analysing.member} | {title: role.member for title, role in roles.items()}
    return Pattern(
        body,
        kind="adaptive",
        name=name,
        card=card,
        sketch=Sketch(parts=parts, links=[Link("analyst", title, "if it fits") for title in roles]),
        takes=takes,
        gives=Adapted,
    )


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Those who are chosen from, by title; one that stands under several titles has one record."""

    roles: Mapping[str, Role[object]]

    async def records(self, ctx: Context, kind: str) -> dict[str, KindRecord]:
        """Look up how each did at a kind of tasks, by the first of its titles."""
        firsts = {title: role for title, role in self.roles.items() if self._first(title) == title}
        found = await ctx.records(*sorted(role.who for role in firsts.values()), label=kind)
        return {
            title: tried(_own(role.member, [each for each in found if each.agent == role.who]))
            for title, role in firsts.items()
        }

    def choose(self, choice: LearnedChoice, records: Mapping[str, KindRecord], advice: Fit) -> Fit:
        """Return who does it, under the title that is advised where it is the one who is advised."""
        first = self._first(advice.chosen)
        fit = choice.choose(records, Fit(first, advice.why))
        return advice if fit == Fit(first, advice.why) else fit

    def _first(self, title: str) -> str:
        return next(each for each, role in self.roles.items() if role.who == self.roles[title].who)


def _kind(whose: str, said: object) -> str:
    """Return the name of a kind, however it is spelt; empty where none is said."""
    if not isinstance(said, str):
        raise PatternError(f"adaptive: {whose} gave {said!r} as the kind of a task: expected a text.")
    kind = " ".join(said.split()).casefold()
    if len(kind) > _LONGEST_KIND:
        raise BadAnswer(
            f"adaptive: {whose} gave a kind of {len(kind)} characters: expected a short name that tasks of one sort "
            f"share, of at most {_LONGEST_KIND}."
        )
    return kind


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
