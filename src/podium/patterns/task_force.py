"""`task_force`: recruits who is needed, works, dissolves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Unpack

from podium.engine.context import Context
from podium.errors import NoDecision
from podium.model.agent import Card, is_agent
from podium.model.json import Json
from podium.patterns.building.inputs import PARTS, input_for, plain
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.members import Member, abilities, at_least, by_name
from podium.patterns.building.names import choices, named
from podium.patterns.building.partial import OnFailure, Partial, SoFar, is_partial
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, is_pattern, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.role import REMARK, Role, judging
from podium.patterns.building.talking import asked, speaking
from podium.patterns.parallel import parallel
from podium.patterns.parts.recruiting import Offer, Recruit, offers_of, recruited
from podium.patterns.sequence import sequence
from podium.patterns.supervisor import supervisor

Work = Literal["sequence", "parallel", "supervisor"]

_WORKS: dict[Work, str] = {
    "sequence": "one after the other, each on the output of the one before, in the order of the capabilities",
    "parallel": "all on the task at the same time; the result is the list of what they give",
    "supervisor": "a manager delegates parts of the task to them, and puts the result together",
}

_MANAGES = ("task", "workers", "reports", "rounds_left", "remark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an analyst says a task takes: capabilities, in the order in which they are needed, and how to work."""

    capabilities: list[str]
    work: Work = "sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission(TeamResult):
    """What a task force did: its result, who was recruited and why, and how they worked."""

    result: Json
    recruited: list[Recruit]
    work: str

    @property
    def last(self) -> Json:
        """The result."""
        return self.result


@pattern
def task_force(
    analyst: Member, *, candidates: Sequence[Member] | None = None, manager: Member | None = None, size: int = 5,
    name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Mission]:  # fmt: skip
    """A team that forms itself: works out what a task needs, recruits whoever does it best, works; gives a Mission.

    The analyst takes `task`, `works` (the ways of working it may choose from, and what each means) and `capabilities`
    (those that the candidates are known to offer; None where that is not known beforehand): as parameters of
    these names, as a text, or as a mapping of them all. It gives Needs, or JSON of that form. Where nobody offers what
    it names it is told in `remark` and asked again, at most `corrections` times.

    For each capability whoever offers it is looked up among the candidates, or in the registry where there are none
    given, and the best by record is recruited: by the share of calls that worked, smoothed after Laplace, then the
    cheapest, then the fastest, then the first by name. One agent may be recruited for several; each is called once, at
    the place of its first capability. At most `size` are recruited. Then they work as a `sequence`, in `parallel`, or,
    where there is a `manager`, under a `supervisor`, on the task.

    Raises NoDecision where no agent offers one of the capabilities (it names them), where the analyst names none or
    wants a supervisor without a manager, and where more than `size` would be needed; PatternError, when it runs, where
    those recruited do not fit together.
    """
    at_least("task_force", "size", size)
    among = None if candidates is None else by_name("task_force", candidates, what="candidates")
    analysing = Role("task_force", "analyst", analyst, offers=("task", "works", "capabilities", REMARK), gives=Needs)
    managing = None if manager is None else Role[object]("task_force", "manager", manager, offers=_MANAGES).member
    if managing is not None:
        abilities("task_force", "its manager", among or {})
    works = {work: what for work, what in _WORKS.items() if managing is not None or work != "supervisor"}
    on_failure = card.get("on_failure", "raise")

    async def body(ctx: Context, task: object, so_far: SoFar[Mission]) -> Mission | Partial:
        offered, closed = await _offered(ctx, among or {})
        possible = partial(_possible, analysing.who, works, offered if closed else None)
        told, again = {"task": task, "works": works, "capabilities": offered}, _corrections(ctx)
        while True:
            call = analysing.call(ctx, PARTS, None, possible, **told)
            value = await call
            with judging(call):
                needs = possible(analysing.said(value))
                try:
                    found = await _found(ctx, list(dict.fromkeys(needs.capabilities)), among, own=name)
                    team = recruited(found, size)
                    break
                except NoDecision as error:
                    told[REMARK] = _told_again(error, again)
        able = {offer.card.name: offer.card.description for each in found.values() for offer in each}
        members = {each.agent: (among or {}).get(each.agent, each.agent) for each in team}
        so_far.reached(Mission(result=None, recruited=team, work=needs.work))
        works_as = _built(needs.work, members, able, managing, on_failure)
        result = await asked(ctx, works_as, task, speaking(ctx))
        if is_partial(result):
            return replace(result, value=Mission(result=plain(result.value), recruited=team, work=needs.work))
        return Mission(result=plain(result), recruited=team, work=needs.work)

    return Pattern(
        body,
        kind="task_force",
        name=name,
        card=card,
        sketch=_sketch(analysing.member, among, managing),
        takes=analysing.takes("task"),
        gives=Mission,
        has=Mission,
    )


def _possible(who: str, works: Mapping[str, str], closed: Sequence[str] | None, needs: Needs) -> Needs:
    """Return what is needed, in the words of those who offer it; raises NoDecision where that cannot be.

    `closed` is all that is offered; None where the registry may have more.
    """
    if not needs.capabilities or needs.work not in works:
        wrong = f"wants to work as a {needs.work}" if needs.capabilities else "names no capability"
        raise NoDecision(f"task_force: {who} {wrong}. Have it name what is needed, and one of {', '.join(works)}.")
    if closed is None:
        return needs
    meant = {each: named(each, closed) for each in needs.capabilities}
    if nobody := [each for each, known in meant.items() if known is None]:
        raise _nobody(nobody, f"{choices(nobody[0], closed).capitalize()}. Add candidates")
    return replace(needs, capabilities=[known for known in meant.values() if known is not None])


def _told_again(error: NoDecision, again: Iterator[int]) -> str:
    """Return what the analyst is told; raises the error where it is not asked again."""
    if next(again, None) is None:
        raise error
    return str(error)


def _corrections(ctx: Context) -> Iterator[int]:
    """Give a number for each time that the analyst may be told whom the registry lacks, and asked again.

    What it lacks shows only once the call has ended, so that is a call of its own.
    """
    workflow = ctx.workflow
    return iter(range(workflow.corrections if is_pattern(workflow) and begun_with(ctx, 2) else 0))


def _nobody(capabilities: Sequence[str], remedy: str) -> NoDecision:
    """Return the error for capabilities that nobody offers."""
    return NoDecision(
        f"task_force: nobody offers {', '.join(capabilities)}. {remedy} with these capabilities, or have the analyst "
        "name others. Those whom a policy forbids anyway do not count."
    )


async def _offered(ctx: Context, among: Mapping[str, Member]) -> tuple[list[str] | None, bool]:
    """Return what the candidates offer, None where that is nothing, and whether it is all that they do.

    What those offer that are known by name is looked up; in runs of the first version nothing is known of them.
    """
    offers = {who: each.card.capabilities for who, each in among.items() if is_agent(each)}
    names = [each for each in among.values() if isinstance(each, str)]
    if names and begun_with(ctx, 2):
        offers |= {card.name: card.capabilities for card in await ctx.cards(*names)}
    return sorted({each for one in offers.values() for each in one}) or None, bool(among) and len(offers) == len(among)


async def _found(
    ctx: Context, capabilities: Sequence[str], among: Mapping[str, Member] | None, *, own: str | None
) -> dict[str, list[Offer]]:
    """Return the agents that offer each capability, the best first; raises NoDecision, naming those without any."""
    if among is None or begun_with(ctx, 2):
        those = None if among is None else list(among.values())
        found = await ctx.gather(*(ctx.find(each, among=those) for each in capabilities))
    else:
        found = await _not_judged(ctx, capabilities, among)
    there = zip(capabilities, found, strict=True)
    cards = {capability: [card for card in each if card.name != own] for capability, each in there}
    if nobody := [capability for capability, there in cards.items() if not there]:
        raise _nobody(nobody, "Register agents" if among is None else "Add candidates")
    records = await ctx.records(*sorted({card.name for each in cards.values() for card in each}))
    return {capability: offers_of(each, records) for capability, each in cards.items()}


async def _not_judged(
    ctx: Context, capabilities: Sequence[str], among: Mapping[str, Member]
) -> Sequence[list[Card]]:  # fmt: skip
    """Return the cards of candidates for each capability as runs of the first version found them: also who may not."""
    own = [each.card for each in among.values() if is_agent(each)]
    named = {each for each in among.values() if isinstance(each, str)}
    offers = [[card for card in own if each in card.capabilities] for each in capabilities]
    registered = await ctx.gather(*(ctx.find(each) for each in capabilities)) if named else ()
    for mine, found in zip(offers, registered, strict=False):
        mine += [card for card in found if card.name in named]
    return offers


def _built(
    work: Work, team: Mapping[str, Member], able: Mapping[str, str], manager: Member | None, on_failure: OnFailure
) -> Pattern:
    """Return the pattern in which the team works."""
    if work == "sequence":
        return sequence(*team.values(), on_failure=on_failure)
    if work == "parallel" or manager is None:
        return parallel(*team.values(), on_failure=on_failure)
    briefed = _briefed(manager, {who: able[who] for who in team})
    return supervisor(briefed, list(team.values()), on_failure=on_failure)


def _briefed(manager: Member, able: Mapping[str, str]) -> Pattern:
    """Return a manager that gets a description of workers it knows by name only."""

    async def body(ctx: Context, parts: dict[str, Json]) -> object:
        return await asked(ctx, manager, input_for(ctx, manager, **{**parts, "workers": able}))

    return Pattern(body, kind="briefed", name=None, card={}, sketch=Sketch(parts={"manager": manager}))


def _sketch(analyst: Member, among: Mapping[str, Member] | None, manager: Member | None) -> Sketch:
    """Return the picture: the analyst, those who can be recruited, and who manages them."""
    anybody = {"whoever offers what is needed": None}
    who = anybody if among is None else {f"candidate {n}": each for n, each in enumerate(among.values(), 1)}
    parts = {"analyst": analyst, **who}
    links = [Link("analyst", each, "if the best") for each in who]
    if manager is None:
        return Sketch(parts=parts, links=links)
    managed = [Link(each, "manager", "as a supervisor") for each in who]
    return Sketch(parts={**parts, "manager": manager}, links=links + managed)
