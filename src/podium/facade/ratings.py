"""What people and programs think of a run: written down like any change that somebody asks for, and in the ledger."""

from collections.abc import Mapping, Sequence

from podium.facade.scope import Scope
from podium.model.expected import SHARE, TEXT, Expected, check_options, or_none
from podium.model.rating import RATED, Rating
from podium.reports.calls.detail import detail_of
from podium.secrets.masking import MASKING
from podium.store.protocol import ActionQuery

_RATED: Mapping[str, Expected] = {"score": SHARE, "comment": TEXT, "key": or_none(TEXT)}
_MOST = 1_000


async def rate(scope: Scope, run_id: str, *, score: float, comment: str, key: str | None, by: str | None) -> Rating:
    """Write down what somebody who may see a run thinks of it."""
    check_options("rate", {"score": score, "comment": comment, "key": key}, _RATED)
    scope.must_answer("rate runs")
    run, who = await scope.run(run_id), scope.name_of(by)
    if key is not None:
        detail_of(run_id, await scope.store.facts(run_id), key)  # raises NotPossible where there is no such call
    said = MASKING.text(comment)
    told = {"score": float(score), "comment": said, "key": key}
    action = await scope.write_down(RATED, run_id, told, by=who, tenant=run.tenant)
    return Rating(by=action.by, at=action.at, score=float(score), comment=said, key=key)


async def ratings(scope: Scope, run_id: str) -> Sequence[Rating]:
    """Return what was thought of a run, newest first."""
    query = ActionQuery(about=run_id, text=RATED, limit=_MOST)
    page = await scope.page(scope.store.actions, query, of_run=run_id)
    return [
        Rating(by=each.by, at=each.at, score=each.said["score"], comment=each.said["comment"], key=each.said.get("key"))
        for each in page
        if each.what == RATED
    ]
