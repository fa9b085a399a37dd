"""The teams that are compared: single agents and patterns, each made of the same staff."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from examples.which_pattern.messages import handbook
from examples.which_pattern.readers import Bayes, best, normalised, words
from examples.which_pattern.staff import CHEAP, Staff
from examples.which_pattern.trained import READERS, Guess
from podium.patterns import (
    Assignment,
    Delegate,
    Finish,
    Pattern,
    Ruling,
    WorkReport,
    cascade,
    coordinate,
    debate,
    ensemble,
    parallel,
    race,
    refine,
    route,
    sequence,
    supervisor,
    vote,
)

Build: TypeAlias = Callable[[Staff], Pattern[Any, Any]]
LOSS = 0.02
"""Which share of the training messages may be lost by trusting a cheap reader instead of the expert."""


def pipeline(staff: Staff) -> Pattern[Any, Any]:
    bayes = staff.trained("bayes").reader
    assert isinstance(bayes, Bayes)

    def normalise(task: str) -> list[str]:
        return list(normalised(task))

    def classify(told: list[str]) -> str:
        return best(bayes.among(told))

    return sequence(staff.hire("normalise", normalise), staff.hire("bayes", classify), name="pipeline")


def coordinated(staff: Staff) -> Pattern[Any, Any]:
    def decide(task: str, values: dict[str, Guess]) -> Guess:
        return staff.trained("expert").guess(task)

    def same_page(values: list[Guess]) -> bool:
        return len({guess.page for guess in values}) == 1

    readers = [staff.reader(name) for name in ("bayes", "nearest", "letters")]
    merge = coordinate(staff.hire("expert", decide), agree=same_page)
    return parallel(*readers, merge=merge, name="coordinated")


def raced(staff: Staff) -> Pattern[Any, Any]:
    readers = [staff.reader(name) for name in ("keywords", "bayes", "nearest", "expert")]
    return race(*readers, good=trusting(staff, LOSS), name="raced")


def trusting(staff: Staff, loss: float) -> Callable[[Guess], bool]:
    expert = staff.trained("expert")
    bars = {name: staff.trained(name).bar(expert, loss) for name in FOUR}
    return lambda answer: answer.sure >= bars[answer.by]


def voted(staff: Staff) -> Pattern[Any, Any]:
    voters = [staff.voter(name) for name in staff.by_strength()]
    return vote(*voters, decide="plurality", tie="first", name="voted")


def voted_confident(staff: Staff) -> Pattern[Any, Any]:
    voters = [staff.voter(name) for name in staff.by_strength()]
    return vote(*voters, decide="plurality", tie="first", confidence=0.85, name="voted_confident")


def voted_weighted(staff: Staff) -> Pattern[Any, Any]:
    odds = {name: (staff.trained(name).right + 1) / (staff.trained(name).wrong + 1) for name in CHEAP}
    weights = {name: math.log1p(len(handbook()) * odd) for name, odd in odds.items()}  # as if independent
    voters = [staff.voter(name) for name in staff.by_strength()]
    return vote(*voters, decide="plurality", tie="first", weights=weights, name="voted_weighted")


def cascaded(staff: Staff) -> Pattern[Any, Any]:
    return cascade(staff.reader("bayes"), staff.reader("expert"), confident=trusting(staff, LOSS), name="cascaded")


def cascaded_strictly(staff: Staff) -> Pattern[Any, Any]:
    return cascade(staff.reader("bayes"), staff.reader("expert"), confident=trusting(staff, 0.0), name="strictly")


def cascaded_long(staff: Staff) -> Pattern[Any, Any]:
    tiers = [staff.reader(name) for name in ("keywords", "bayes", "nearest", "expert")]
    return cascade(*tiers, confident=trusting(staff, LOSS), name="cascaded_long")


def judged(staff: Staff) -> Pattern[Any, Any]:
    def judge(task: str, candidates: dict[str, Guess]) -> Ruling:
        fits = staff.trained("handbook").views(task)
        scores = {label: fits[guess.page] for label, guess in candidates.items()}
        return Ruling(winner=max(sorted(scores), key=lambda label: (scores[label], candidates[label].page)))

    readers = [staff.reader(name) for name in ("bayes", "nearest", "letters")]
    return ensemble(*readers, judge=staff.hire("judge", judge), name="judged")


def surest(staff: Staff) -> Pattern[Any, Any]:
    readers = [staff.reader(name) for name in ("bayes", "nearest", "letters")]
    return ensemble(*readers, judge=lambda answer: answer.sure, name="surest")


def debated(staff: Staff) -> Pattern[Any, Any]:
    def debater(name: str) -> Any:
        def argue(
            step: str, task: str, positions: dict[str, str] | None = None, position: str = "",
            criticisms: dict[str, dict[str, float]] | None = None,
        ) -> str | dict[str, float]:  # fmt: skip
            views = staff.trained(name).views(task)
            mine, others = best(views), positions or {}
            if step == "criticise":
                return {page: views[page] for page in sorted({mine, *others.values()})}
            if step == "vote":
                return max(sorted(others), key=lambda who: views[others[who]])
            heard = list((criticisms or {}).values())
            pages = {page for each in heard for page in each} or {mine}
            return best({p: math.fsum([views[p], *(each.get(p, 0.0) for each in heard)]) for p in pages})

        return staff.hire(name, argue)

    return debate(debater("bayes"), debater("nearest"), debater("letters"), rounds=2, name="debated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How well a draft's page fits by the handbook, whether that is enough, and which three pages fit best."""

    fit: float
    enough: bool
    rather: dict[str, float]


def refined(staff: Staff) -> Pattern[Any, Any]:
    def write(task: str, draft: str = "", verdict: Verdict | None = None) -> str:
        views = staff.trained("nearest").views(task)
        if verdict is None:
            return best(views)
        told = {**verdict.rather, draft: verdict.fit}
        return best({page: views.get(page, 0.0) + fit for page, fit in told.items()})

    def criticise(task: str, draft: str) -> Verdict:
        fits = staff.trained("handbook").views(task)
        rather = {page: fits[page] for page in sorted(fits, key=lambda page: (-fits[page], page))[:3]}
        return Verdict(fit=fits[draft], enough=draft in rather, rather=rather)

    writer, critic = staff.hire("nearest", write), staff.hire("critic", criticise)
    return refine(
        writer,
        critic,
        until=lambda verdict: verdict.enough,
        score=lambda verdict: verdict.fit,
        rounds=2,
        name="refined",
    )


def supervised(staff: Staff) -> Pattern[Any, Any]:
    def manage(task: str, reports: list[WorkReport]) -> Delegate | Finish:
        pages = [report.output["page"] for report in reports]
        if not pages:
            return Delegate(assignments=[Assignment(to=name, input=task) for name in ("bayes", "nearest")])
        if len(pages) == 2 and pages[0] != pages[1]:
            return Delegate(assignments=[Assignment(to="expert", input=task)])
        return Finish(answer=pages[-1])

    workers = [staff.reader(name) for name in ("bayes", "nearest", "expert")]
    return supervisor(staff.hire("manager", manage), workers, gives=str, name="supervised")


def routed(staff: Staff) -> Pattern[Any, Any]:
    right = Counter((kind_of(t.message.text), name) for name in CHEAP for t in staff.trained(name).tries if t.right)
    readers = {name: staff.reader(name) for name in staff.by_strength()}
    experts = {kind: max(readers, key=lambda name: right[kind, name]) for kind in KINDS}
    return route({kind: readers[name] for kind, name in experts.items()}, by=kind_of, name="routed")


KINDS = ("short, English", "long, English", "short, German", "long, German")
GERMAN = frozenset(["das", "der", "ein", "eine", "für", "ich", "ist", "kann", "mein", "nicht", "und", "wie", "wir"])


def kind_of(task: str) -> str:
    told = words(task)
    return f"{'long' if len(told) > 12 else 'short'}, {'German' if GERMAN & set(told) else 'English'}"


def alone(name: str) -> Build:
    return lambda staff: sequence(staff.reader(name), name=f"{name}_alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team: what it is called, how it is built, and of whom."""

    title: str
    build: Build
    readers: tuple[str, ...] = ()
    """Which of its readers could do the task alone."""
    parts: tuple[Callable[..., object], ...] = ()
    """What else had to be written for it: rules and types outside of the function that builds it."""


THREE = ("bayes", "nearest", "letters")
FOUR = ("keywords", "bayes", "nearest", "expert")
TEAMS = [
    *(Team(title=f"`{name}` alone", build=alone(name), parts=(alone,)) for name in READERS),
    Team(title="`sequence`: normalise, then bayes", build=pipeline, readers=("bayes",)),
    Team(title="`route` by length and language", build=routed, readers=CHEAP, parts=(kind_of,)),
    Team(title="`vote` of four", build=voted, readers=CHEAP),
    Team(title="`vote` of four, confidence 0.85", build=voted_confident, readers=CHEAP),
    Team(title="`vote` of four, weighted", build=voted_weighted, readers=CHEAP),
    Team(title="`ensemble` of three, the surest wins", build=surest, readers=THREE),
    Team(title="`ensemble` of three, a judge picks", build=judged, readers=(*THREE, "handbook")),
    Team(title="`debate` of three", build=debated, readers=THREE),
    Team(title="`refine`: nearest and a critic", build=refined, readers=("nearest", "handbook"), parts=(Verdict,)),
    Team(title="`cascade`: bayes, expert", build=cascaded, readers=("bayes", "expert"), parts=(trusting,)),
    Team(title="the same, no loss allowed", build=cascaded_strictly, readers=("bayes", "expert"), parts=(trusting,)),
    Team(title="`cascade`: keywords, bayes, nearest, expert", build=cascaded_long, readers=FOUR, parts=(trusting,)),
    Team(title="`race` of the same four", build=raced, readers=FOUR, parts=(trusting,)),
    Team(title="`parallel` of three, an expert coordinates", build=coordinated, readers=(*THREE, "expert")),
    Team(title="`supervisor` of three", build=supervised, readers=("bayes", "nearest", "expert")),
]
"""In the order of the tables. A judge and a critic read what the reader `handbook` reads."""
