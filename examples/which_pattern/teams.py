"""The teams that are compared: single agents and patterns, each made of the same staff."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from examples.which_pattern.readers import best, normalised, words
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


def pipeline(staff: Staff) -> Pattern[Any, Any]:
    def normalise(task: str) -> Text:
        return Text(original=task, words=normalised(task))

    def classify(text: Text) -> Guess:
        return staff.trained["bayes"].guess_of(text.words)

    return sequence(staff.hire("normalise", normalise), staff.hire("bayes", classify), name="pipeline")


def coordinated(staff: Staff) -> Pattern[Any, Any]:
    def decide(task: str, values: dict[str, Guess]) -> Guess:
        return staff.trained["expert"].guess(task)

    readers = [staff.reader(name) for name in ("bayes", "nearest", "letters")]
    merge = coordinate(staff.hire("expert", decide), agree=same_page)
    return parallel(*readers, merge=merge, name="coordinated")


def same_page(values: list[Guess]) -> bool:
    return len({guess.page for guess in values}) == 1


def raced(staff: Staff) -> Pattern[Any, Any]:
    readers = [staff.reader(name) for name in ("keywords", "bayes", "nearest", "expert")]
    return race(*readers, good=trusted, name="raced")


def trusted(answer: Guess) -> bool:
    return answer.trusted


def voted(staff: Staff) -> Pattern[Any, Any]:
    voters = [staff.voter(name) for name in staff.by_strength()]
    return vote(*voters, decide="plurality", tie="first", name="voted")


def voted_confident(staff: Staff) -> Pattern[Any, Any]:
    voters = [staff.voter(name) for name in staff.by_strength()]
    return vote(*voters, decide="plurality", tie="first", confidence=0.85, name="voted_confident")


def voted_weighted(staff: Staff) -> Pattern[Any, Any]:
    odds = {name: (staff.trained[name].right + 1) / (staff.trained[name].wrong + 1) for name in CHEAP}
    weights = {name: math.log1p(PAGES * odd) for name, odd in odds.items()}
    voters = [staff.voter(name) for name in staff.by_strength()]
    return vote(*voters, decide="plurality", tie="first", weights=weights, name="voted_weighted")


PAGES = 49
"""The weight of a vote is the logarithm of its odds beside those of chance, as if errors were independent."""


def cascaded(staff: Staff) -> Pattern[Any, Any]:
    return cascade(staff.reader("bayes"), staff.reader("expert"), confident=trusted, name="cascaded")


def cascaded_thrice(staff: Staff) -> Pattern[Any, Any]:
    tiers = [staff.reader(name) for name in ("keywords", "bayes", "nearest", "expert")]
    return cascade(*tiers, confident=trusted, name="cascaded_thrice")


def judged(staff: Staff) -> Pattern[Any, Any]:
    def judge(task: str, candidates: dict[str, Guess]) -> Ruling:
        fits = staff.trained["handbook"].views(task)
        scores = {label: fits[guess.page] for label, guess in candidates.items()}
        return Ruling(winner=max(sorted(scores), key=lambda label: (scores[label], candidates[label].page)))

    readers = [staff.reader(name) for name in ("bayes", "nearest", "letters")]
    return ensemble(*readers, judge=staff.hire("judge", judge), name="judged")


def surest(staff: Staff) -> Pattern[Any, Any]:
    readers = [staff.reader(name) for name in ("bayes", "nearest", "letters")]
    return ensemble(*readers, judge=sureness, name="surest")


def sureness(answer: Guess) -> float:
    return answer.sure


def debated(staff: Staff) -> Pattern[Any, Any]:
    def debater(name: str) -> Any:
        def argue(
            step: str, task: str, positions: dict[str, str] | None = None, position: str = "",
            criticisms: dict[str, dict[str, float]] | None = None,
        ) -> str | dict[str, float]:  # fmt: skip
            views = staff.trained[name].views(task)
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
        views = staff.trained["nearest"].views(task)
        if verdict is None:
            return best(views)
        told = {**verdict.rather, draft: verdict.fit}
        return best({page: views.get(page, 0.0) + fit for page, fit in told.items()})

    def criticise(task: str, draft: str) -> Verdict:
        fits = staff.trained["handbook"].views(task)
        rather = {page: fits[page] for page in sorted(fits, key=lambda page: (-fits[page], page))[:3]}
        return Verdict(fit=fits[draft], enough=draft in rather, rather=rather)

    writer, critic = staff.hire("nearest", write), staff.hire("critic", criticise)
    return refine(writer, critic, until=good_enough, score=fit, rounds=2, name="refined")


def good_enough(verdict: Verdict) -> bool:
    return verdict.enough


def fit(verdict: Verdict) -> float:
    return verdict.fit


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
    right = Counter((kind_of(t.message.text), name) for name in CHEAP for t in staff.trained[name].tries if t.right)
    readers = {name: staff.reader(name) for name in staff.by_strength()}
    experts = {kind: max(readers, key=lambda name: right[kind, name]) for kind in KINDS}
    return route({kind: readers[name] for kind, name in experts.items()}, by=kind_of, name="routed")


KINDS = ("short, English", "long, English", "short, German", "long, German")
GERMAN = frozenset("ich und nicht ist wie kann wir für der das ein eine mein meine den dem".split())


def kind_of(task: str) -> str:
    told = words(task)
    return f"{'long' if len(told) > 12 else 'short'}, {'German' if GERMAN & set(told) else 'English'}"


def alone(name: str) -> Build:
    return lambda staff: sequence(staff.reader(name), name=f"{name}_alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team: what it is called, its pattern, how it is built, and which of its readers could do the task alone."""

    title: str
    build: Build
    readers: tuple[str, ...]


THREE = ("bayes", "nearest", "letters")
TEAMS = [
    *(Team(title=f"`{name}` alone", build=alone(name), readers=()) for name in READERS),
    Team(title="`sequence`: normalise, then bayes", build=pipeline, readers=("bayes",)),
    Team(title="`route` by length and language", build=routed, readers=CHEAP),
    Team(title="`vote` of four", build=voted, readers=CHEAP),
    Team(title="`vote` of four, confidence 0.85", build=voted_confident, readers=CHEAP),
    Team(title="`vote` of four, weighted", build=voted_weighted, readers=CHEAP),
    Team(title="`ensemble` of three, the surest wins", build=surest, readers=THREE),
    Team(title="`ensemble` of three, a judge picks", build=judged, readers=THREE),
    Team(title="`debate` of three", build=debated, readers=THREE),
    Team(title="`refine`: nearest and a critic", build=refined, readers=("nearest",)),
    Team(title="`cascade`: bayes, expert", build=cascaded, readers=("bayes", "expert")),
    Team(title="`cascade`: keywords, bayes, nearest, expert", build=cascaded_thrice, readers=(*CHEAP[:3], "expert")),
    Team(title="`race`: keywords, bayes, nearest, expert", build=raced, readers=(*CHEAP[:3], "expert")),
    Team(title="`parallel` of three, an expert coordinates", build=coordinated, readers=(*THREE, "expert")),
    Team(title="`supervisor` of three", build=supervised, readers=("bayes", "nearest", "expert")),
]
