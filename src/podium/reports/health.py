"""How agents were last heard to be: what runs noticed of their health and breakers, and the incidents that are open."""

from dataclasses import dataclass

from podium.model.facts.notices import BreakerMoved, HealthChanged
from podium.model.incident import Ending, ProblemKind
from podium.reports.incidents import incidents
from podium.store.protocol import NoticeQuery, ReadStore, walk

_WORKS = (Ending.RESTARTED, Ending.RECOVERED)
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The last that was said of one agent by its check, by its breaker, or by an open incident."""

    agent: str
    version: str
    what: str
    """`health`, `breaker` or `incident`."""
    state: str
    """`ill` or `well`; `open`, `half-open` or `closed`; of an incident `open`."""
    why: str
    at: float
    run: str
    """The run that noticed it, or that is the incident."""


async def heard(store: ReadStore, *, tenant: str | None = None, principal: str | None = None) -> list[Heard]:
    """Return the last that was said of each agent, by name and version.

    Of a tenant, or of a principal, is what their runs noticed; incidents are the installation's.
    """
    found: dict[tuple[str, str, str], Heard] = {}
    noticed = NoticeQuery(guards=["breaker", "health"], tenant=tenant, principal=principal, limit=_PAGE)
    async for said in walk(store.notices, noticed):
        match said.fact.content:
            case BreakerMoved() as body:
                what, state = "breaker", body.after
            case HealthChanged() as body:
                what, state = "health", body.state
            case _:
                continue
        each = Heard(
            agent=body.agent, version=body.version, what=what, at=said.fact.at, run=said.run, state=state, why=body.why
        )
        found[each.agent, each.version, each.what] = each
    if tenant is None and principal is None:
        await _add_incidents(found, store)
    return [found[key] for key in sorted(found)]


async def _add_incidents(found: dict[tuple[str, str, str], Heard], store: ReadStore) -> None:
    """Add what incidents say of agents to what runs noticed."""
    for each in reversed((await incidents(store)).items):
        if each.trouble.kind is not ProblemKind.AGENT:
            continue
        name, version = each.trouble.subject, each.trouble.version
        if each.ended_at is None:
            why = "it waits for a person" if each.question else each.trouble.why
            found[name, version, "incident"] = Heard(
                agent=name, version=version, what="incident", state="open", why=why, at=each.opened_at, run=each.run
            )
        elif (ill := found.get((name, version, "health"))) and ill.at < each.ended_at and each.ending in _WORKS:
            found[name, version, "health"] = Heard(
                agent=name, version=version, what="health", state="well", why=each.ending, at=each.ended_at,
                run=each.run,
            )  # fmt: skip
