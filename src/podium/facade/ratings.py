"""What people and programs think of a run: written down like any change that somebody asks for, and in the ledger."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from podium.facade.scope import Scope
from podium.model.expected import SHARE, TEXT, Expected, check_options, or_none
from podium.model.rating import RATED, Rating
from podium.reports.calls.detail import detail_of
from podium.secrets.masking import MASKING
from podium.store.protocol import ActionQuery

if TYPE_CHECKING:
    from podium.model.action import UserAction

_RATED: Mapping[str, Expected] = {"score": SHARE, "comment": TEXT, "key": or_none(TEXT)}
_MOST = 1_000


async def rate(
    scope: Scope, run_id: str, *, score: float, comment: str, key: str | None, by: str | None, once: str | None
) -> Rating:
    """Write down what somebody who may see a run thinks of it."""
    check_options("rate", {"score": score, "comment": comment, "key": key}, _RATED)
    scope.must_answer("rate runs")
    run, who = await scope.run(run_id), scope.name_of(by)
    if key is not None:
        detail_of(run_id, await scope.store.facts(run_id), key)  # raises NotPossible where there is no such call
    said = MASKING.text(comment)
    told = {"score": float(score), "comment": said, "key": key}
    new_id = scope.new_id("act", once, RATED, run_id)
    action, new = await scope.write_down(RATED, run_id, told, by=who, tenant=run.tenant, id=new_id)
    if new:
        return _rating(action)
    [there] = [each for each in await _rated(scope, run_id) if each.id == new_id]
    scope.must_be_the_same(once, "another rating", same=_rating(there).says_as(_rating(action)))
    return _rating(there)


async def ratings(scope: Scope, run_id: str) -> Sequence[Rating]:
    """Return what was thought of a run, newest first."""
    return [_rating(each) for each in await _rated(scope, run_id)]


async def _rated(scope: Scope, run_id: str) -> "Sequence[UserAction]":
    query = ActionQuery(about=run_id, text=RATED, limit=_MOST)
    return [each for each in await scope.page(scope.store.actions, query, of_run=run_id) if each.what == RATED]


def _rating(action: "UserAction") -> Rating:
    said = action.said
    return Rating(by=action.by, at=action.at, score=said["score"], comment=said["comment"], key=said.get("key"))
