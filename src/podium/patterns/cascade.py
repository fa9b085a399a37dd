"""`cascade`: a cheap agent first, a dearer one when in doubt."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Unpack

from podium.engine.context import Context
from podium.errors import BadAnswer, CallError, PatternError
from podium.model.agent import is_agent
from podium.patterns.building.expression import rule
from podium.patterns.building.inputs import same
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.members import GivingAgent, Kind, Member, Stage, applied, at_least, by_name, either, gives
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Out, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.reading import reading
from podium.patterns.building.refusals import OnRefused, end_where_refused
from podium.patterns.building.role import Role, shared_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered(TeamResult, Generic[Out]):
    """What a cascade gives: the value, the tier that gave it, and those that were tried before and not believed."""

    value: Out
    tier: str
    tried: list[str]

    @property
    def last(self) -> Out:
        """The value."""
        return self.value


@pattern
def cascade(
    *tiers: GivingAgent[Out] | str, confident: Stage | None = None, samples: int = 1, agreement: float = 1.0,
    on_refused: OnRefused = "end", name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Tiered[Out]]:  # fmt: skip
    """A cheap agent first, and a dearer one when its answer is not to be trusted; gives the answer as a `Tiered`.

    The tiers, cheapest first, take the `task`. A tier's answer is taken if its samples agree and if it is `confident`:
    a rule of the `answer`, or an agent that takes parts `task` and `answer`, or both as text, and gives a bool. With
    `samples` above 1 a tier is asked so often side by side, and its commonest answer counts if the share `agreement` of
    its samples gave it. One of the two has to be given.

    A tier that fails is passed over like one that is not believed. So is one that gives None, which says that it could
    not tell, and one of whose answer the agent that is to say whether it is `confident` could not say so, or which that
    rule cannot read even after the tier was told and asked again. The last tier
    is asked once, and its answer is taken as it is; its failure is raised. So is what a policy, a guard or a person
    does not let a tier do: nobody else does it instead, unless `on_refused="go_on"` has it passed over too.

    The method is that of FrugalGPT (arXiv 2305.05176); agreement of samples as the sign of confidence is from LLM
    cascades with mixture of thought (arXiv 2310.03094).
    """
    members = by_name("cascade", tiers, least=2, what="tiers")
    at_least("cascade", "samples", samples)
    if not 0 < agreement <= 1:
        raise PatternError(f"cascade was given agreement={agreement}: expected a share above 0, and 1 at most.")
    if confident is None and samples == 1:
        raise PatternError("cascade cannot tell when to go on to the next tier: pass confident=…, or samples above 1.")
    roles = [Role[object]("cascade", "tier", each, offers=("task",)) for each in members.values()]
    *cheap, last = roles
    kind = either(map(gives, members.values()))
    believes, readable = _believing(confident, kind)

    async def body(ctx: Context, task: object, so_far: SoFar[object]) -> object:
        tried = list[str]()
        for tier in cheap:
            calls = [tier.call(ctx, task, None, readable, task=task) for _ in range(samples)]
            ended = await ctx.gather(*calls, return_exceptions=True)
            end_where_refused(ctx, on_refused, ended)
            answers = answers_of(ended)
            if begun_with(ctx, 2):
                answers = [each for each in answers if each is not None]
            answer, share = commonest(answers, of=samples)
            taken: Tiered[object] = Tiered(value=answer, tier=tier.who, tried=list(tried))
            if share >= agreement and await believes(ctx, task, answer):
                return taken
            if answer is not None:
                so_far.reached(taken)
            tried.append(tier.who)
        value = await last.ask(ctx, task, task=task)
        dearest: Tiered[object] = Tiered(value=value, tier=last.who, tried=tried)
        return dearest

    return Pattern(
        body, kind="cascade", name=name, card=card, sketch=_sketch(members, confident),
        takes=shared_task("cascade", roles), gives=applied(Tiered, kind), has=applied(Tiered, kind),
    )  # fmt: skip


def answers_of(ended: Sequence[object]) -> list[object]:
    """Return the answers among what samples gave; raises whatever is not the failure of an agent."""
    for each in ended:
        if isinstance(each, Exception) and not isinstance(each, CallError):
            raise each
    return [each for each in ended if not isinstance(each, Exception)]


def commonest(answers: Sequence[object], *, of: int) -> tuple[object, float]:
    """Return the answer that most gave, the first of those where several are, and its share of `of` samples."""
    counted = [(sum(same(each, other) for other in answers), each) for each in answers]
    count, answer = max(counted, key=lambda pair: pair[0], default=(0, None))
    return answer, count / of


def _believing(
    confident: Stage | None, kind: Kind
) -> tuple[Callable[[Context, object, object], Awaitable[bool]], Callable[[object], object] | None]:
    """Return what says whether an answer to a task is to be trusted, and the rule that has to be able to read it."""
    if confident is None or (callable(confident) and not is_agent(confident)):
        sure = None if confident is None else reading("cascade", "confident", rule(confident, answer=kind))

        async def by_rule(_: Context, _task: object, answer: object) -> bool:
            try:
                return sure is None or bool(sure(answer))
            except BadAnswer:
                return False

        def readable(answer: object) -> object:
            return answer is None or sure is None or sure(answer)

        return by_rule, None if sure is None else readable
    judging = Role[bool]("cascade", "confident", confident, offers=("task", "answer"), gives=bool)

    async def by_agent(ctx: Context, task: object, answer: object) -> bool:
        try:
            return await judging.ask(ctx, task=task, answer=answer)
        except (CallError, BadAnswer):
            return False

    return by_agent, None


def _sketch(members: Mapping[str, Member], confident: Stage | None) -> Sketch:
    parts: dict[str, Stage] = dict(members)
    links = [Link(one, two, "in doubt, or failed") for one, two in pairwise(members)]
    if confident is not None:
        parts["confident"] = confident
        links += [Link(each, "confident") for each in list(members)[:-1]]
    return Sketch(parts=parts, links=links)
