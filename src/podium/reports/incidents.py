"""Incidents: what the monitor saw go wrong, what was done, and how that ended; read from the facts of their runs."""

from collections.abc import Sequence
from dataclasses import fields

from podium.errors import NotPossible, UnknownRun
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.calls import Asked
from podium.model.facts.waits import QuestionAsked
from podium.model.incident import MONITOR, Action, Incident, trouble_of
from podium.model.question import QuestionState
from podium.model.run import Run, RunState
from podium.reports.sifting import sifted
from podium.store.protocol import Page, Query, QuestionQuery, ReadStore, RunQuery


async def incidents(store: ReadStore, query: Query | None = None, *, open_only: bool = False) -> Page[Incident]:
    """Return incidents, the newest first; their time is when they were opened."""
    common = {each.name: getattr(query or Query(), each.name) for each in fields(Query)}

    async def wanted(run: Run) -> Incident | None:
        return None if open_only and run.state.ended else await _incident(store, run)

    return await sifted(store.runs, RunQuery(workflow=MONITOR, **common), wanted)


async def incident(store: ReadStore, run_id: str) -> Incident:
    """Return an incident by the id of its run; raises UnknownRun, or NotPossible where that is none."""
    run = await store.run(run_id)
    if run is None:
        raise UnknownRun(f"no incident is called {run_id!r}. `podium incidents list` shows those there are.")
    if run.workflow != MONITOR:
        raise NotPossible(f"run {run_id} is of {run.workflow} and no incident. `podium runs show {run_id}` shows it.")
    return await _incident(store, run)


async def _incident(store: ReadStore, run: Run) -> Incident:
    facts = await store.facts(run.id)
    questions = (await store.questions(QuestionQuery(state=QuestionState.OPEN, run=run.id, limit=1))).items
    return Incident(
        run=run.id, trouble=trouble_of(facts[0]), opened_at=run.created_at, ended_at=run.ended_at,
        ending=_ending(run, facts), question=questions[0].id if questions else None,
        actions=tuple(_actions(facts)),
    )  # fmt: skip


def _ending(run: Run, facts: Sequence[Fact]) -> str:
    if run.state is RunState.DONE:
        return str(facts[-1].value())
    return run.reason if run.state.ended or run.state is RunState.BLOCKED else ""


def _actions(facts: Sequence[Fact]) -> list[Action]:
    """Return what was done, in order, and what people answered."""
    began: dict[str, Fact] = {}
    done: list[Action] = []
    for fact in facts:
        if fact.kind in (FactKind.ASKED, FactKind.QUESTION) and fact.key not in began:
            began[fact.key] = fact
        elif fact.kind is FactKind.ANSWERED and (asked := began.get(fact.key)) is not None:
            found = fact.value() if isinstance(fact.content, AnsweredDone) else fact.body
            done.append(Action(what=_name(asked), at=fact.at, found=found))
    answered = {fact.key for fact in facts if fact.kind in (FactKind.ANSWERED, FactKind.CANCELLED)}
    under_way = [Action(what=_name(fact), at=fact.at, found=None) for key, fact in began.items() if key not in answered]
    return [*done, *under_way]


def _name(fact: Fact) -> str:
    """Return what was begun by asking an agent or a person."""
    match fact.content:
        case QuestionAsked(to=to):
            return f"ask {to}"
        case Asked(agent=agent):
            return agent
        case _:
            return ""
